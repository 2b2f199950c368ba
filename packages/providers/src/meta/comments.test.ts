import { type Json, type Occasion, PlatformError, type Provider, type PublishStep } from '@postmcp/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { threads } from '../threads/index.js'
import {
  afterPost,
  type CommentApi,
  commentForm,
  findComment,
  type ListedComment,
  sendComment,
} from './comments.js'
import { classifyGraphError } from './errors.js'
import { cannedContext, now } from './fixtures/context.js'
import { GraphError } from './graph.js'

const { ctx } = cannedContext(threads as Provider, {})
const posted = { id: '9', permalink: 'https://example.org/9' }
const sent = { kind: 'post', visibility: 'public', platformPostId: '9', permalink: 'https://example.org/9' }
const classifyError = (error: PlatformError, occasion: Occasion) => classifyGraphError(error, occasion)
const graphError = (platformCode: string, more = {}) =>
  new GraphError({ status: 400, platformCode, message: 'No.', isTransient: false, ...more })

/** A platform that notes what it is asked, or refuses it. */
function start({ refusal, listed = [], isWhole = true }: Partial<Answers> = {}) {
  const created: string[] = []
  const api: CommentApi<string> = {
    name: 'Test',
    classifyError,
    create: async (_ctx, actor, post, { message }) => {
      if (refusal) throw refusal
      created.push(`${actor} below ${post}: ${message}`)
      return `c${created.length}`
    },
    list: async () => {
      if (refusal) throw refusal
      return { comments: listed, isWhole }
    },
  }
  return { api, created }
}
interface Answers {
  refusal: Error
  listed: ListedComment[]
  isWhole: boolean
}

/** As it comes back from a database, where fields of objects may be in any order. */
function read(step: PublishStep) {
  if (step.type !== 'send') throw new Error('Nothing was announced.')
  const reversed = Object.entries(JSON.parse(JSON.stringify(step.checkpoint)) as Record<string, Json>)
  return commentForm.parse(Object.fromEntries(reversed.reverse()))
}

describe('comments', () => {
  it('none are no step', () => {
    expect(afterPost(posted, [])).toEqual({ type: 'done', sent })
  })

  it('are made one a step, in order, directly below the post, which is known to be public', async () => {
    const { api, created } = start()
    const first = afterPost(posted, ['One', 'Two'])
    expect(first).toMatchObject({ type: 'send', published: sent })
    const second = await sendComment(api, ctx, 'ada', read(first))
    expect(second).toMatchObject({ type: 'send', published: { ...sent, parts: ['c1'] } })
    expect(await sendComment(api, ctx, 'ada', read(second))).toEqual({
      type: 'done',
      sent: { ...sent, parts: ['c1', 'c2'] },
    })
    expect(created).toEqual(['ada below 9: One', 'ada below 9: Two'])
  })

  it('are each announced before they are made, whatever they say', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ minLength: 1, unit: 'grapheme' })), async (texts) => {
        const { api, created } = start()
        let step = afterPost(posted, texts)
        while (step.type === 'send') {
          const before = created.length
          expect(step.published?.parts ?? []).toHaveLength(before)
          step = await sendComment(api, ctx, 'ada', read(step))
          expect(created).toHaveLength(before + 1)
        }
        expect(created).toEqual(texts.map((text) => `ada below 9: ${text}`))
      }),
      { numRuns: 40 },
    )
  })

  it.each(['3', '10', '200', '283', '10/2018218', '368'])(
    'refused with %s say nothing of the account',
    async (code) => {
      const { api } = start({ refusal: graphError(code) })
      const codes = { '368': { kind: 'account_unusable', status: 'verification_failed', reason: null } }
      api.classifyError = (error, occasion) => classifyGraphError(error, occasion, codes as never)
      const thrown = await sendComment(api, ctx, 'ada', read(afterPost(posted, ['One']))).catch(
        (error) => error,
      )
      expect(thrown).toMatchObject({ platformCode: `comment/${code}`, message: 'No.' })
      expect(classifyError(thrown, 'publish')).toEqual({ kind: 'refused' })
    },
  )

  it.each([
    ['190', 'grant_lost'],
    ['190/459', 'account_unusable'],
    ['190/492', 'account_unusable'],
    ['32', 'rate_limited'],
    ['2', 'unavailable'],
    ['100', 'refused'],
  ])('refused with %s are %s, as posts are', async (code, kind) => {
    const { api } = start({ refusal: graphError(code) })
    const thrown = await sendComment(api, ctx, 'ada', read(afterPost(posted, ['One']))).catch(
      (error) => error,
    )
    expect(thrown).toMatchObject({ platformCode: code })
    expect(classifyError(thrown, 'publish').kind).toBe(kind)
  })
})

describe('a comment whose answer was lost', () => {
  const later = 90
  const one = (id: string, more: Partial<ListedComment> & { seconds?: number } = {}): ListedComment => {
    const { seconds = -80, ...rest } = more
    const createdAt = new Date(now.getTime() + seconds * 1000)
    return { id, text: 'Two', createdAt, isOwn: true, ...rest }
  }
  /** The second comment was sent so many seconds ago. */
  async function find(answers: Partial<Answers>, seconds = later) {
    const thread = { ...posted, parts: ['c1'] }
    const request = JSON.stringify({ message: 'Two' })
    const state = { stage: 'comment' as const, request, replies: ['Three'], thread }
    const { api, created } = start(answers)
    const actor = Object.assign('ada', { sentAt: new Date(now.getTime() - seconds * 1000) })
    const found = await findComment(api, ctx, actor, state).catch((error: unknown) => error)
    expect(created).toEqual([])
    return found
  }

  it.each([
    ['of its text', [one('c2')], 'c2'],
    ['of its text but for the ends of lines', [one('c2', { text: ' Two\r\n' })], 'c2'],
    ['the first of two', [one('c3'), one('c2', { seconds: -85 })], 'c2'],
    ['its own beside one that may be', [one('c3', { isOwn: null }), one('c2')], 'c2'],
    ['a little before we sent, as clocks differ', [one('c2', { seconds: -later - 119 })], 'c2'],
  ])('is %s, and goes on with the next', async (_, listed, id) => {
    expect(await find({ listed })).toMatchObject({
      type: 'send',
      checkpoint: { request: '{"message":"Three"}', replies: [] },
      published: { ...sent, parts: ['c1', id] },
    })
  })

  it.each([
    ['nothing else', []],
    ['one that we know', [one('c1')]],
    ['one by somebody else', [one('c2', { isOwn: false })]],
    ['one from before we sent', [one('c2', { seconds: -later - 121 })]],
    ['one by somebody else, of another text', [one('c2', { isOwn: false, text: 'two' })]],
  ])('is certainly not there among %s', async (_, listed) => {
    expect(await find({ listed })).toBeNull()
  })

  it('is found also among comments that are not all shown', async () => {
    expect(await find({ listed: [one('c2')], isWhole: false })).toMatchObject({ type: 'send' })
  })

  it.each<[string, Partial<Answers>]>([
    ['not all comments are shown', { isWhole: false }],
    ['one may be its own', { listed: [one('c2', { isOwn: null })] }],
    ['its own text may have been changed', { listed: [one('c2', { text: 'Two, changed' })] }],
    ['comments may not be read', { refusal: graphError('200') }],
    ['the post is not shown', { refusal: graphError('100') }],
  ])('is left to a person where %s', async (_, answers) => {
    expect(await find(answers)).toMatchObject({ code: 'outcome_unknown' })
  })

  it.each<[string, Partial<Answers>, number]>([
    ['it may not be listed yet', {}, 59],
    ['the platform has trouble', { refusal: graphError('2') }, later],
    ['the platform is too busy', { refusal: graphError('32') }, later],
  ])('is looked for again while %s', async (_, answers, seconds) => {
    const thrown = await find(answers, seconds)
    expect(thrown).toBeInstanceOf(PlatformError)
    expect(classifyError(thrown as PlatformError, 'verify').kind).toMatch(/^(unavailable|rate_limited)$/)
  })

  it('with a token that ended is an end of the token', async () => {
    expect(await find({ refusal: graphError('190') })).toMatchObject({ platformCode: '190' })
  })
})
