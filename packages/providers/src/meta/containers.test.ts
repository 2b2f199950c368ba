import { PlatformError, type Provider, type PublishInput, type PublishStep } from '@postmcp/core'
import { createFakeClock, createSampleFiles, publishInputOf } from '@postmcp/core/testing'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { threads } from '../threads/index.js'
import { type ContainerApi, type ContainerStatus, continueContainers, startContainers } from './containers.js'
import { cannedContext, now } from './fixtures/context.js'

const files = createSampleFiles()
afterAll(() => files.close())

const actor = {
  access: {
    authMethod: 'oauth2' as const,
    subject: '1',
    grantedScopes: [],
    settings: {},
    tokens: { accessToken: 'the-token' },
  },
  account: { targetId: '1', handle: 'ada', settings: {}, secrets: {} },
}

/** A platform that notes what it is asked, and answers looks in turn. */
function start(states: ContainerStatus['state'][] = []) {
  const calls: string[] = []
  let made = 0
  const api: ContainerApi = {
    name: 'Test',
    createItem: async (_ctx, _input, index) => {
      calls.push(`item ${index}`)
      return `item-${made++}`
    },
    createPost: async (_ctx, _input, items) => {
      calls.push(`post of ${items.length}`)
      return `post-${made++}`
    },
    createReply: async (_ctx, _actor, { text }) => {
      calls.push(`reply ${text}`)
      return `reply-${made++}`
    },
    status: async (_ctx, _actor, container) => {
      calls.push(`look at ${container}`)
      return { state: states.shift() ?? 'FINISHED' }
    },
    publish: async (_ctx, _actor, container) => {
      calls.push(`publish ${container}`)
      return `public-${container}`
    },
    permalink: async () => null,
    list: async () => [],
  }
  const clock = createFakeClock(now)
  const ctx = { ...cannedContext(threads as Provider, {}).ctx, clock }
  return { api, calls, ctx, clock }
}

/** Goes to the end, as core does. @returns the pauses, and which calls were announced */
async function run({ api, calls, ctx, clock }: ReturnType<typeof start>, input: PublishInput) {
  const pauses: number[] = []
  const announced: string[][] = []
  let step: PublishStep = await startContainers(api, ctx, input)
  while (step.type !== 'done') {
    if (step.type === 'wait') {
      pauses.push(step.resumeAfterSeconds)
      clock.advance(step.resumeAfterSeconds)
    }
    const before = calls.length
    const isSend = step.type === 'send'
    step = await continueContainers(api, ctx, input, JSON.parse(JSON.stringify(step.checkpoint)))
    if (isSend) announced.push(calls.slice(before))
  }
  return { pauses, announced, sent: step.sent }
}

const inputOf = async (images: number, replies: string[] = []) =>
  publishInputOf({
    ...actor,
    content: {
      text: 'Hello',
      replies,
      media: await Promise.all(Array.from({ length: images }, () => files.image())),
    },
  })

describe('containers', () => {
  it('are published once each, and only after it was announced, whatever a post holds', async () => {
    const image = await files.image()
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 20 }),
        fc.array(fc.string({ minLength: 1 }), { maxLength: 5 }),
        fc.array(fc.constantFrom<ContainerStatus['state']>('IN_PROGRESS', 'FINISHED', 'EXPIRED'), {
          maxLength: 30,
        }),
        async (images, replies, states) => {
          const media = Array.from({ length: images }, () => image)
          const started = start(states)
          const content = { text: 'Hello', replies, media }
          const { announced, sent } = await run(started, publishInputOf({ ...actor, content }))
          const published = started.calls.filter((call) => call.startsWith('publish'))
          expect(published).toHaveLength(1 + replies.length)
          expect(new Set(published).size).toBe(published.length)
          expect(announced.flat().filter((call) => call.startsWith('publish'))).toEqual(published)
          expect(sent.parts ?? []).toHaveLength(replies.length)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('of several files are made in order and looked at before the post is made of them', async () => {
    const started = start()
    await run(started, await inputOf(2))
    expect(started.calls).toEqual([
      'item 0',
      'item 1',
      'look at item-0',
      'look at item-1',
      'post of 2',
      'look at post-2',
      'publish post-2',
    ])
  })

  it('are looked at soon, then once a minute', async () => {
    const started = start(Array.from({ length: 7 }, () => 'IN_PROGRESS' as const))
    const { pauses } = await run(started, await inputOf(1))
    expect(pauses).toEqual([0, 3, 5, 10, 20, 30, 60, 60])
  })

  it('that are not ready after an hour are given up', async () => {
    const started = start(Array.from({ length: 200 }, () => 'IN_PROGRESS' as const))
    const error: unknown = await run(started, await inputOf(1)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(PlatformError)
    expect(error).toMatchObject({ platformCode: 'IN_PROGRESS' })
    expect(threads.classifyError(error as PlatformError, 'publish')).toEqual({ kind: 'refused' })
    expect(started.calls.filter((call) => call.startsWith('publish'))).toEqual([])
  })

  it('that are a day old before they were published are made anew', async () => {
    const started = start(['EXPIRED'])
    await run(started, await inputOf(0))
    expect(started.calls).toEqual([
      'post of 0',
      'look at post-0',
      'post of 0',
      'look at post-1',
      'publish post-1',
    ])
  })

  it('that are public without having been sent are not believed', async () => {
    await expect(run(start(['PUBLISHED']), await inputOf(0))).rejects.toMatchObject({
      name: 'MalformedResponseError',
    })
  })
})
