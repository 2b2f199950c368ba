import type { ConnectStep } from '@postmcp/sdk'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Answer, at, fakeAccess, steps } from '../testing/fake-api.js'
import { type FollowOptions, follow } from './follow.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

async function play(first: ConnectStep, more: Partial<FollowOptions>, ...answers: Answer[]) {
  const { access, asked, listened } = fakeAccess(...answers)
  const said: string[] = []
  const opened: string[] = []
  const options: FollowOptions = {
    env: {},
    isJson: true,
    waitMs: null,
    isPasted: false,
    open: (url) => opened.push(url),
    signal: new AbortController().signal,
    say: (text) => said.push(text),
    ...more,
  }
  const settled = follow(access, first, options).then(
    (followed) => ({ ...followed, error: undefined }),
    (error: unknown) => ({ step: undefined, isTimeUp: undefined, error }),
  )
  await vi.runAllTimersAsync()
  return { ...(await settled), asked, listened: listened(), said: said.join('\n'), opened }
}

const looked = 'GET /connections/conn_1'

describe('a browser', () => {
  test('that is not waited for: the step is the result, and somebody listens', async () => {
    const { step, isTimeUp, asked, listened, said, opened } = await play(steps.authorize, {})
    expect({ step, isTimeUp, asked, listened, said }).toEqual({
      step: steps.authorize,
      isTimeUp: false,
      asked: [],
      listened: 1,
      said: '',
    })
    expect(opened).toEqual([steps.authorize.startUrl])
  })

  test('that is waited for: told where to go and what to compare, until it is connected', async () => {
    const { step, said, asked } = await play(
      steps.authorize,
      { waitMs: 60_000 },
      at(steps.authorize),
      at(steps.confirm),
      at(steps.connected),
    )
    expect(step).toEqual(steps.connected)
    expect(asked).toEqual([looked, looked, looked])
    expect(said).toContain(steps.authorize.startUrl)
    expect(said).toContain('ABCD-EFGH')
    expect(said).toContain('Somebody must confirm in the browser')
  })

  test('that leads to a choice nobody is here for', async () => {
    const { step } = await play(steps.authorize, { waitMs: 60_000 }, at(steps.choose))
    expect(step).toEqual(steps.choose)
  })

  test('that does not come in time', async () => {
    const still = Array.from({ length: 9 }, () => at(steps.authorize))
    const { step, isTimeUp } = await play(steps.authorize, { waitMs: 3000 }, ...still)
    expect({ step, isTimeUp }).toEqual({ step: steps.authorize, isTimeUp: true })
  })

  test('where consent was denied: the server says why', async () => {
    const { error } = await play(
      steps.authorize,
      { waitMs: 60_000 },
      at(null, { state: 'failed', failureReason: 'authorization_denied' }),
      { code: 'authorization_denied', status: 422 },
    )
    expect(error).toMatchObject({ code: 'authorization_denied', nextAction: 'Do this.' })
  })

  test('whose wait is interrupted: the connection stays where it is', async () => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error('Ctrl-C')), 2000)
    const still = Array.from({ length: 9 }, () => at(steps.authorize))
    const { step, asked } = await play(steps.authorize, { waitMs: 60_000, signal: stop.signal }, ...still)
    expect(step).toEqual(steps.authorize)
    expect(asked).toEqual([looked, looked])
  })
})

test('a confirmation that is not waited for is the result', async () => {
  expect(await play(steps.confirm, {})).toMatchObject({ step: steps.confirm, asked: [], listened: 0 })
})

describe('what is missing', () => {
  test('is taken from a variable of the platform', async () => {
    const { step, asked } = await play(
      steps.input,
      { env: { POSTMCP_BLUESKY_APP_PASSWORD: 'secret' } },
      at(steps.input),
      { id: 'bluesky', name: 'Bluesky' },
      steps.connected,
    )
    expect(step).toEqual(steps.connected)
    expect(asked.at(-1)).toBe('POST /connections/conn_1 {"fields":{"appPassword":"secret"}}')
  })

  test('and is nowhere, is named', async () => {
    const { error } = await play(steps.input, {}, at(steps.input), { id: 'bluesky', name: 'Bluesky' })
    expect(error).toMatchObject({
      code: 'invalid_request',
      nextAction: 'Give --app-password-stdin or --app-password (or POSTMCP_BLUESKY_APP_PASSWORD).',
    })
  })
})
