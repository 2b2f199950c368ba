import { beforeEach, expect, test, vi } from 'vitest'
import { readStdin } from '../stdin.js'
import { type Answer, at, fakeAccess, fakeApi, steps } from '../testing/fake-api.js'
import { follow } from './follow.js'
import { completeByPaste } from './paste.js'

vi.mock('../stdin.js', () => ({ readStdin: vi.fn() }))
const address = 'http://127.0.0.1:4477/accounts/oauth/callback?code=secret-code&state=x'
beforeEach(() => {
  vi.mocked(readStdin).mockResolvedValue(`${address} `)
})

test.each(['', 'secret-code', 'two words'])('refuses %j, and does not repeat it', async (pasted) => {
  vi.mocked(readStdin).mockResolvedValue(pasted)
  const { api, asked } = fakeApi()
  const error = await completeByPaste(api, 'conn_1', true).catch((each: unknown) => each)
  expect(error).toMatchObject({
    code: 'invalid_request',
    message: 'What was pasted is not an address.',
    nextAction: expect.stringContaining('postmcp accounts connect --connection conn_1 --paste'),
  })
  expect(asked).toEqual([])
})

test('sends the address the browser ended at', async () => {
  const { api, asked } = fakeApi(steps.connected)
  expect(await completeByPaste(api, 'conn_1', true)).toEqual(steps.connected)
  expect(asked).toEqual([`POST /connections/conn_1 ${JSON.stringify({ callbackUrl: address })}`])
})

test.each<[string, Answer[], object]>([
  [
    'takes the connection as it stands when a server heard the browser meanwhile',
    [{ code: 'connection_not_open', status: 409 }, at(steps.confirm)],
    steps.confirm,
  ],
])('%s', async (_, answers, expected) => {
  expect(await completeByPaste(fakeApi(...answers).api, 'conn_1', true)).toEqual(expected)
})

test('needs nobody who listens, and shows the page of the platform itself', async () => {
  const { access, listened } = fakeAccess(steps.connected)
  const said: string[] = []
  const opened: string[] = []
  const { step } = await follow(access, steps.authorize, {
    env: {},
    isJson: true,
    waitMs: null,
    isPasted: true,
    open: (url) => opened.push(url),
    signal: new AbortController().signal,
    say: (text) => said.push(text),
  })
  expect(step).toEqual(steps.connected)
  expect(listened()).toBe(0)
  expect(opened).toEqual([steps.authorize.authorizationUrl])
  expect(said.join()).toContain(steps.authorize.authorizationUrl)
  expect(said.join()).not.toContain(steps.authorize.startUrl)
})
