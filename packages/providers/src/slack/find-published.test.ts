import type { HttpRequest, PublishInput, PublishStep } from '@postmcp/core'
import { publishInputOf } from '@postmcp/core/testing'
import { describe, expect, it } from 'vitest'
import { findPublished } from './find-published.js'
import { access, type Canned, cannedContext, channel } from './fixtures/context.js'
import { startPublish } from './publish.js'

const account = { targetId: 'C012AB3CD', handle: 'general', settings: { teamId: 'T9TK3CUKW' }, secrets: {} }
const dedupeKey = '5f0c7a52-6f5c-4f4e-9d0c-8c9d2f7f2b11'
/** The clock of the context is a minute and a half ahead of it. */
const sentAt = new Date('2026-11-22T11:58:30.000Z')
const publicScopes = ['chat:write', 'channels:join', 'files:read', 'channels:history']
const privateScopes = ['chat:write', 'channels:join', 'files:read', 'groups:history']

const inputOf = (grantedScopes: string[], content: Partial<PublishInput['content']> = {}) =>
  publishInputOf({
    access: access({ grantedScopes }),
    account,
    dedupeKey,
    content: { text: 'Hello', ...content },
  })

const ok = (more: object = {}): Canned => ({ body: { ok: true, ...more } })
const refusal = (error: string, more: object = {}): Canned => ({ body: { ok: false, error, ...more } })
const linked = ok({ permalink: 'https://acme.slack.com/archives/C012AB3CD/p1700000000000001' })
const informed = (more: Record<string, unknown> = {}) => ok({ channel: channel(more) })
const mark = (part: number, key = dedupeKey) => ({
  event_type: 'postmcp_message_published',
  event_payload: { key, part },
})
/** A message of the bot. */
const message = (ts: string, more: Record<string, unknown> = {}) => ({
  type: 'message',
  user: 'U0KRQLJ9H',
  bot_id: 'B0KRQLJ9H',
  text: 'Hello',
  ts,
  ...more,
})
const listed = (messages: unknown[], next = ''): Canned =>
  ok({ messages, has_more: next !== '', ...(next !== '' && { response_metadata: { next_cursor: next } }) })

const methodOf = ({ url }: HttpRequest) => new URL(url).pathname.replace('/api/', '')
const queryOf = ({ url }: HttpRequest) => Object.fromEntries(new URL(url).searchParams)

/** The checkpoint of the first message; with `root` that of the first reply below it. */
async function sendingOf(input: PublishInput, root?: { ts: string; parts: string[] }) {
  const { ctx } = cannedContext({})
  const step = await startPublish(ctx, input)
  if (step.type !== 'send') throw new Error('It does not send.')
  if (!root) return step.checkpoint
  const part = root.parts.filter((one) => !one.startsWith('F')).length + 1
  const request = {
    channel: account.targetId,
    text: 'Below',
    thread_ts: root.ts,
    metadata: JSON.stringify(mark(part)),
  }
  return {
    stage: 'message',
    request: JSON.stringify(request),
    replies: [],
    root: { permalink: null, ...root },
  }
}

async function look(
  answers: Record<string, Canned | Canned[]>,
  {
    scopes = publicScopes,
    content = {},
    root,
  }: {
    scopes?: string[]
    content?: Partial<PublishInput['content']>
    root?: { ts: string; parts: string[] }
  } = {},
) {
  const { ctx, requests } = cannedContext(answers)
  const input = inputOf(scopes, content)
  const checkpoint = await sendingOf(input, root)
  const found: PublishStep | null | Error = await findPublished(ctx, { ...input, sentAt }, checkpoint).catch(
    (error: Error) => error,
  )
  return { found, requests, asked: requests.map(methodOf) }
}

describe('a message whose answer was lost', () => {
  it('is found by its mark, whatever became of its text, in the time in which it can have arrived', async () => {
    const { found, requests } = await look({
      'conversations.info': informed(),
      'conversations.history': listed([
        message('1763812720.000300', { metadata: mark(1) }),
        message('1763812719.000200', { metadata: mark(0), text: 'Something else' }),
      ]),
      'chat.getPermalink': linked,
    })
    expect(found).toEqual({
      type: 'done',
      sent: {
        kind: 'post',
        visibility: 'limited',
        platformPostId: '1763812719.000200',
        permalink: 'https://acme.slack.com/archives/C012AB3CD/p1700000000000001',
      },
    })
    expect(requests.slice(1, 2).map(queryOf)).toEqual([
      {
        channel: 'C012AB3CD',
        oldest: `${sentAt.getTime() / 1000 - 120}.000000`,
        latest: `${sentAt.getTime() / 1000 + 600}.000000`,
        include_all_metadata: 'true',
        limit: '200',
      },
    ])
  })

  it('goes on with its thread as if the answer had come', async () => {
    const { found } = await look(
      {
        'conversations.info': informed(),
        'conversations.history': listed([message('1763812719.000200', { metadata: mark(0) })]),
        'chat.getPermalink': linked,
      },
      { content: { replies: ['Below'] } },
    )
    expect(found).toMatchObject({
      type: 'send',
      published: { platformPostId: '1763812719.000200' },
      checkpoint: { stage: 'message', replies: [], root: { ts: '1763812719.000200' } },
    })
    const { request } = (found as unknown as { checkpoint: { request: string } }).checkpoint
    expect(JSON.parse(JSON.parse(request).metadata)).toEqual(mark(1))
  })

  it.each([
    ['nothing is there', []],
    ['somebody else wrote the same', [message('1.1', { user: 'U999', bot_id: undefined })]],
    ['there is another post of ours with the same text', [message('1.1', { metadata: mark(0, 'another') })]],
    ['there is the reply, not the post', [message('1.1', { metadata: mark(1) })]],
    ['the bot has joined', [message('1.1', { subtype: 'channel_join' })]],
    ['there are files of the bot', [message('1.1', { files: [{ id: 'F0A' }] })]],
  ])('is not there where %s', async (_, messages) => {
    const { found } = await look({
      'conversations.info': informed(),
      'conversations.history': listed(messages),
    })
    expect(found).toBeNull()
  })

  it('is looked for on all pages, before it is called missing', async () => {
    const others = [message('9.9', { user: 'U999' })]
    const pages = (last: Canned) => ({
      'conversations.info': informed(),
      'conversations.history': [listed(others, 'two'), listed([], 'three'), last],
      'chat.getPermalink': linked,
    })
    const there = await look(pages(listed([message('1.1', { metadata: mark(0) })])))
    expect(there.found).toMatchObject({ type: 'done', sent: { platformPostId: '1.1' } })
    expect(there.requests.slice(1, 4).map((one) => queryOf(one).cursor)).toEqual([undefined, 'two', 'three'])
    expect((await look(pages(listed(others)))).found).toBeNull()
    const endless = ok({ messages: others, has_more: true })
    expect((await look(pages(endless))).found).toMatchObject({ name: 'MalformedResponseError' })
  })

  it.each([
    ['without any metadata', {}],
    ['with an emptied mark', { metadata: { event_type: 'postmcp_message_published', event_payload: {} } }],
  ])('is in doubt where the bot wrote something %s', async (_, more) => {
    const answers = (messages: unknown[]) => ({
      'conversations.info': informed(),
      'conversations.history': listed(messages),
      'chat.getPermalink': linked,
    })
    expect((await look(answers([message('1.1', more)]))).found).toMatchObject({ code: 'outcome_unknown' })
    const beside = [message('1.2', more), message('1.1', { metadata: mark(0) })]
    expect((await look(answers(beside))).found).toMatchObject({ sent: { platformPostId: '1.1' } })
  })

  it('that was sent before messages had marks is in doubt', async () => {
    const { ctx, requests } = cannedContext({})
    const request = JSON.stringify({ channel: account.targetId, text: 'Hello' })
    const checkpoint = { stage: 'message', request, replies: [], root: null }
    const find = findPublished(ctx, { ...inputOf(publicScopes), sentAt }, checkpoint)
    await expect(find).rejects.toMatchObject({ code: 'outcome_unknown' })
    expect(requests).toEqual([])
  })
})

describe('a reply whose answer was lost', () => {
  const root = { ts: '1.1', parts: ['F0A', '1.2'] }
  const search = (messages: unknown[]) =>
    look({ 'conversations.info': informed(), 'conversations.replies': listed(messages) }, { root })
  const before = [
    message('1.1', { files: [{ id: 'F0A' }] }),
    message('1.2', { metadata: mark(1), thread_ts: '1.1' }),
  ]

  it('is found in the thread, and is not taken for the one before', async () => {
    const { found, requests, asked } = await search([
      ...before,
      message('1.3', { metadata: mark(2), thread_ts: '1.1' }),
    ])
    expect(asked).toEqual(['conversations.info', 'conversations.replies'])
    expect(queryOf(requests[1] as HttpRequest)).toMatchObject({ ts: '1.1', include_all_metadata: 'true' })
    expect(found).toMatchObject({
      type: 'done',
      sent: { platformPostId: '1.1', parts: ['F0A', '1.2', '1.3'] },
    })
    expect((await search(before)).found).toBeNull()
  })

  it('is in doubt where the thread cannot be found, or holds a reply without a mark', async () => {
    const gone = await look(
      { 'conversations.info': informed(), 'conversations.replies': refusal('thread_not_found') },
      { root },
    )
    expect(gone.found).toMatchObject({ code: 'outcome_unknown' })
    const bare = await search([...before, message('1.3', { thread_ts: '1.1' })])
    expect(bare.found).toMatchObject({ code: 'outcome_unknown' })
  })

  it('is not in doubt for parts that were sent before there were marks', async () => {
    const { found } = await search([message('1.1'), message('1.2', { thread_ts: '1.1' })])
    expect(found).toBeNull()
  })
})

describe('looking into a channel', () => {
  const nothing = { 'conversations.history': listed([]) }

  it.each([
    ['a public channel', {}, privateScopes, 'channels:history'],
    ['a private channel', { is_private: true }, publicScopes, 'groups:history'],
  ])('that is %s takes the permission for it', async (_, found, scopes, missing) => {
    const refused = await look({ 'conversations.info': informed(found), ...nothing }, { scopes })
    expect(refused.asked).toEqual(['conversations.info'])
    expect(refused.found).toMatchObject({
      code: 'outcome_unknown',
      message: expect.stringContaining(missing),
    })
    const both = [...publicScopes, 'groups:history']
    const allowed = await look({ 'conversations.info': informed(found), ...nothing }, { scopes: both })
    expect(allowed.found).toBeNull()
  })

  it('takes any of the permissions, and asks nothing without', async () => {
    const { found, asked } = await look(nothing, { scopes: ['chat:write', 'files:read'] })
    expect(found).toMatchObject({ code: 'outcome_unknown' })
    expect(asked).toEqual([])
  })

  it('takes membership: a public one is joined, into a private one somebody has to invite', async () => {
    const joining = {
      'conversations.join': informed(),
      ...nothing,
    }
    const joined = await look({ 'conversations.info': informed({ is_member: false }), ...joining })
    expect(joined.asked).toEqual(['conversations.info', 'conversations.join', 'conversations.history'])
    expect(joined.found).toBeNull()
    const closed = await look(
      { 'conversations.info': informed({ is_member: false, is_private: true }), ...joining },
      { scopes: privateScopes },
    )
    expect(closed.asked).toEqual(['conversations.info'])
    expect(closed.found).toMatchObject({ code: 'outcome_unknown' })
    const archived = await look({
      'conversations.info': informed({ is_member: false }),
      'conversations.join': refusal('is_archived'),
    })
    expect(archived.found).toMatchObject({ code: 'outcome_unknown' })
  })

  it.each(['missing_scope', 'not_in_channel', 'channel_is_limited_access', 'access_denied'])(
    'that Slack refuses with %s is no verdict on the account',
    async (code) => {
      const { found } = await look({
        'conversations.info': informed(),
        'conversations.history': refusal(code, { needed: 'channels:history', provided: 'chat:write' }),
      })
      expect(found).toMatchObject({ code: 'outcome_unknown', message: expect.stringContaining(code) })
    },
  )

  it.each([
    [
      'ratelimited',
      { status: 429, headers: { 'retry-after': '60' }, body: { ok: false, error: 'ratelimited' } },
    ],
    ['token_expired', refusal('token_expired')],
    ['token_revoked', refusal('token_revoked')],
    ['channel_not_found', refusal('channel_not_found')],
    ['internal_error', refusal('internal_error')],
  ])('that comes to %s is told as everywhere', async (platformCode, answer: Canned) => {
    const { found } = await look({ 'conversations.info': informed(), 'conversations.history': answer })
    expect(found).toMatchObject({ name: 'PlatformError', platformCode })
  })

  it('that Slack shows fifteen messages of in a minute is given up where there are more', async () => {
    const busy = { status: 429, headers: { 'retry-after': '60' }, body: { ok: false, error: 'ratelimited' } }
    const others = (count: number) =>
      listed(
        Array.from({ length: count }, (_, index) => message(`9.${index}`, { user: 'U999' })),
        'two',
      )
    const after = async (count: number) =>
      (await look({ 'conversations.info': informed(), 'conversations.history': [others(count), busy] })).found
    expect(await after(15)).toMatchObject({ code: 'outcome_unknown' })
    expect(await after(200)).toMatchObject({ platformCode: 'ratelimited', retryAfter: expect.any(Date) })
  })
})

describe('files whose answer was lost', () => {
  const checkpoint = { stage: 'share', request: '{}', fileIds: ['F0A', 'F0B'], replies: ['Below'] }
  const find = async (answer: Canned, startedAt = sentAt) => {
    const { ctx, asked } = cannedContext({ 'files.info': answer })
    const input = { ...inputOf(['chat:write', 'files:read']), sentAt: startedAt }
    const found: unknown = await findPublished(ctx, input, checkpoint).catch((error: unknown) => error)
    return { found, asked: asked() }
  }
  const shared = (where: 'public' | 'private', id = account.targetId) =>
    ok({ file: { shares: { [where]: { [id]: [{ ts: '1.1' }] } } } })
  const quarterAgo = new Date('2026-11-22T11:44:59.000Z')

  it.each(['public', 'private'] as const)('are found by their ids in a %s channel', async (where) => {
    const { found, asked } = await find(shared(where))
    expect(asked).toEqual(['files.info'])
    expect(found).toEqual({
      type: 'wait',
      checkpoint: { stage: 'shared', fileIds: ['F0A', 'F0B'], replies: ['Below'], looks: 0 },
      resumeAfterSeconds: 0,
    })
  })

  it.each<[string, Canned]>([
    ['stand nowhere', ok({ file: { shares: {} } })],
    ['stand in another channel', shared('public', 'C0ELSEWHERE')],
    ['are not there', refusal('file_not_found')],
    ['are deleted', refusal('file_deleted')],
  ])('that %s are waited for, then left to a person, and never called missing', async (_, answer) => {
    expect((await find(answer)).found).toMatchObject({ code: 'platform_unavailable' })
    expect((await find(answer, quarterAgo)).found).toMatchObject({ code: 'outcome_unknown' })
  })

  it('that may not be looked at are left to a person', async () => {
    expect((await find(refusal('not_visible'))).found).toMatchObject({ code: 'outcome_unknown' })
  })
})
