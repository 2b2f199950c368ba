import {
  type HttpRequest,
  PlatformError,
  type PublishInput,
  type PublishStep,
  type StreamBody,
} from '@postmcp/core'
import { createSampleFiles, publishInputOf } from '@postmcp/core/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { classifyError } from './errors.js'
import { access, type Canned, cannedContext, channel, token } from './fixtures/context.js'
import { continuePublish, deletePost, startPublish } from './publish.js'

const files = createSampleFiles()
afterAll(() => files.close())

const account = { targetId: 'C012AB3CD', handle: 'general', settings: { teamId: 'T9TK3CUKW' }, secrets: {} }
const granted = access({ grantedScopes: ['chat:write', 'channels:join', 'files:write', 'files:read'] })
const input = (content: Partial<PublishInput['content']>, options: PublishInput['options'] = {}) =>
  publishInputOf({ access: granted, account, content, options })

const ok = (more: object = {}): Canned => ({ body: { ok: true, ...more } })
const refusal = (error: string): Canned => ({ body: { ok: false, error } })
const permalink = 'https://acme.slack.com/archives/C012AB3CD/p1700000000000001'
const linked = ok({ channel: 'C012AB3CD', permalink })
const shared = (where: 'public' | 'private' = 'public') =>
  ok({ file: { shares: { [where]: { C012AB3CD: [{ ts: '1700000000.000001' }] } } } })
const unshared = ok({ file: { shares: {} } })
const uploading = (...ids: string[]): Record<string, Canned[]> => ({
  'files.getUploadURLExternal': ids.map((id) =>
    ok({ upload_url: 'https://files.slack.com/upload/v1/a-secret', file_id: id }),
  ),
  '/upload/v1/a-secret': ids.map(() => ({ body: 'OK' })),
})
const informed = { 'conversations.info': ok({ channel: channel() }) }

/** What a message of this post carries; the key is that of `publishInputOf`. */
const metadata = (part: number) =>
  JSON.stringify({ event_type: 'postmcp_message_published', event_payload: { key: 'key', part } })

const formOf = ({ body }: HttpRequest) => Object.fromEntries(new URLSearchParams(String(body)))
const methodOf = ({ url }: HttpRequest) => new URL(url).pathname.replace('/api/', '')

/** All steps of a post, the last one last. */
async function publish(post: PublishInput, answers: Record<string, Canned | Canned[]>) {
  const { ctx, requests } = cannedContext(answers)
  const steps: PublishStep[] = [await startPublish(ctx, post)]
  for (let step = steps[0]; step && step.type !== 'done'; step = steps.at(-1)) {
    steps.push(await continuePublish(ctx, post, step.checkpoint))
  }
  const done = steps.at(-1)
  if (done?.type !== 'done') throw new Error('It came to no end.')
  return { requests, steps, sent: done.sent }
}

/** What a hook that has to fail throws. */
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => Promise.reject(new Error('It succeeded.')),
    (error: unknown) => error,
  )

describe('a text', () => {
  it('is escaped, so that nothing in it calls people or hides an address', async () => {
    const text = '<!channel> R&D: <https://evil.example|home> *bold*'
    const { requests, steps, sent } = await publish(input({ text }), {
      'chat.postMessage': ok({ ts: '1700000000.000001' }),
      'chat.getPermalink': linked,
    })
    expect(steps.map(({ type }) => type)).toEqual(['send', 'done'])
    expect(requests[0]).toMatchObject({ method: 'POST', headers: { authorization: `Bearer ${token}` } })
    expect(requests.slice(0, 1).map(formOf)).toEqual([
      {
        channel: 'C012AB3CD',
        text: '&lt;!channel&gt; R&amp;D: &lt;https://evil.example|home&gt; *bold*',
        metadata: metadata(0),
      },
    ])
    expect(sent).toEqual({
      kind: 'post',
      visibility: 'limited',
      platformPostId: '1700000000.000001',
      permalink,
    })
  })

  it.each([
    [{}, {}],
    [{ linkPreview: false }, { unfurl_links: 'false', unfurl_media: 'false' }],
    [{ linkPreview: true }, { unfurl_links: 'true', unfurl_media: 'true' }],
  ])('with %j asks for previews as it says', async (options, fields) => {
    const { requests } = await publish(input({ text: 'Hello' }, options), {
      'chat.postMessage': ok({ ts: '1.2' }),
      'chat.getPermalink': linked,
    })
    expect(requests.slice(0, 1).map(formOf)).toEqual([
      { channel: 'C012AB3CD', text: 'Hello', ...fields, metadata: metadata(0) },
    ])
  })

  it.each<[string, Canned[]]>([
    ['refused', [refusal('message_not_found')]],
    ['broken', [{ status: 503, body: '' }]],
    ['not answered at all', []],
  ])('is public also where the look for its link is %s', async (_, answers) => {
    const { sent } = await publish(input({ text: 'Hello' }), {
      'chat.postMessage': ok({ ts: '1700000000.000001' }),
      'chat.getPermalink': answers,
    })
    expect(sent).toMatchObject({ platformPostId: '1700000000.000001', permalink: null })
  })

  it('has its replies in its thread, each announced, and each with a mark of its own', async () => {
    const { requests, steps, sent } = await publish(input({ text: 'One', replies: ['<Two>', 'Three'] }), {
      'chat.postMessage': ['1.1', '1.2', '1.3'].map((ts) => ok({ ts })),
      'chat.getPermalink': linked,
    })
    expect(steps.map(({ type }) => type)).toEqual(['send', 'send', 'send', 'done'])
    expect(steps[1]).toMatchObject({ published: { platformPostId: '1.1', permalink } })
    expect(requests.filter((one) => methodOf(one) === 'chat.postMessage').map(formOf)).toEqual([
      { channel: 'C012AB3CD', text: 'One', metadata: metadata(0) },
      { channel: 'C012AB3CD', text: '&lt;Two&gt;', thread_ts: '1.1', metadata: metadata(1) },
      { channel: 'C012AB3CD', text: 'Three', thread_ts: '1.1', metadata: metadata(2) },
    ])
    expect(sent).toMatchObject({ platformPostId: '1.1', parts: ['1.2', '1.3'] })
  })
})

describe('files', () => {
  it('are uploaded one by one, then shared as one message, which is looked for', async () => {
    const image = await files.image(0, { altText: 'A tree' })
    const video = await files.video(2000, { altText: 'Not shown' })
    const post = input({ text: 'R&D', media: [image, video], replies: ['More'] })
    const { requests, steps, sent } = await publish(post, {
      ...informed,
      ...uploading('F0A', 'F0B'),
      'files.completeUploadExternal': ok({ files: [{ id: 'F0A' }, { id: 'F0B' }] }),
      'files.info': [unshared, shared()],
      'chat.getPermalink': linked,
      'chat.postMessage': ok({ ts: '1700000000.000002' }),
    })
    expect(steps.map((step) => (step.type === 'wait' ? step.resumeAfterSeconds : step.type))).toEqual([
      ...[0, 0, 'send'],
      ...[0, 1, 'send'],
      'done',
    ])
    expect(steps.slice(0, 3).map((step) => 'progress' in step && step.progress)).toEqual([
      { uploadedBytes: 0, totalBytes: image.bytes + 2000 },
      { uploadedBytes: image.bytes, totalBytes: image.bytes + 2000 },
      { uploadedBytes: image.bytes + 2000, totalBytes: image.bytes + 2000 },
    ])
    const asked = requests.filter((one) => methodOf(one) === 'files.getUploadURLExternal')
    expect(asked.map(formOf)).toEqual([
      { filename: image.fileName, length: String(image.bytes), alt_txt: 'A tree' },
      { filename: video.fileName, length: '2000' },
    ])
    const complete = requests.find((one) => methodOf(one) === 'files.completeUploadExternal')
    expect(complete && formOf(complete)).toEqual({
      files: '[{"id":"F0A"},{"id":"F0B"}]',
      channel_id: 'C012AB3CD',
      initial_comment: 'R&amp;D',
    })
    expect(sent).toEqual({
      kind: 'post',
      visibility: 'limited',
      platformPostId: '1700000000.000001',
      permalink,
      parts: ['F0A', 'F0B', '1700000000.000002'],
    })
  })

  it('go to an address that is kept nowhere, and without the token', async () => {
    const image = await files.image()
    const { requests, steps } = await publish(input({ media: [image] }), {
      ...informed,
      ...uploading('F0A'),
      'files.completeUploadExternal': ok({ files: [{ id: 'F0A' }] }),
      'files.info': shared('private'),
      'chat.getPermalink': linked,
    })
    const upload = requests.find((one) => methodOf(one).startsWith('/upload'))
    expect(upload?.headers).toEqual({ 'content-type': 'application/octet-stream' })
    if (!upload) throw new Error('Nothing was uploaded.')
    const pieces: Uint8Array[] = []
    for await (const piece of (upload.body as StreamBody).open()) pieces.push(piece)
    expect(new Uint8Array(Buffer.concat(pieces))).toEqual(image.content)
    expect(JSON.stringify(steps)).not.toContain('a-secret')
    expect(requests.map(methodOf)).not.toContain('conversations.join')
  })

  it.each([
    [429, 'rate_limited'],
    [413, 'refused'],
    [503, 'unavailable'],
  ])('whose upload is answered %i are %s', async (status, kind) => {
    const post = input({ media: [await files.image()] })
    const { ctx } = cannedContext({ ...informed, ...uploading('F0A'), '/upload/v1/a-secret': { status } })
    const step = await startPublish(ctx, post)
    if (step.type !== 'wait') throw new Error('It does not upload.')
    const error = await failureOf(continuePublish(ctx, post, step.checkpoint))
    expect(error).toBeInstanceOf(PlatformError)
    expect(String((error as Error).message)).not.toContain('a-secret')
    expect(classifyError(error as PlatformError, 'publish').kind).toBe(kind)
  })

  it('that never turn up are not called published, however often somebody looks', async () => {
    const post = input({ media: [await files.image()] })
    const { ctx, asked } = cannedContext({ 'files.info': Array.from({ length: 30 }, () => unshared) })
    let looks = 0
    for (;;) {
      const checkpoint = { stage: 'shared', fileIds: ['F0A'], replies: [], looks }
      const step = await continuePublish(ctx, post, checkpoint).catch((error: unknown) => error)
      if (step instanceof Error) break
      expect(step).toMatchObject({ type: 'wait', checkpoint: { looks: looks + 1 } })
      looks += 1
    }
    expect(asked()).toHaveLength(12)
    const last = { stage: 'shared', fileIds: ['F0A'], replies: [], looks }
    await expect(continuePublish(ctx, post, last)).rejects.toMatchObject({ name: 'MalformedResponseError' })
  })

  it.each(['file_not_found', 'file_deleted'])('of which Slack then says %s are in doubt', async (code) => {
    const post = input({ media: [await files.image()] })
    const { ctx } = cannedContext({ 'files.info': refusal(code) })
    const checkpoint = { stage: 'shared', fileIds: ['F0A'], replies: [], looks: 0 }
    const error = await failureOf(continuePublish(ctx, post, checkpoint))
    expect(error).toMatchObject({ name: 'MalformedResponseError' })
  })
})

describe('the channel', () => {
  const start = async (found: Record<string, unknown>, grantedScopes = granted.grantedScopes) => {
    const { ctx, requests } = cannedContext({
      'conversations.info': ok({ channel: channel(found) }),
      'conversations.join': ok({ channel: channel() }),
    })
    const post = { ...input({ media: [await files.image()] }), access: access({ grantedScopes }) }
    const step = await startPublish(ctx, post).catch((error: unknown) => error)
    return { step, asked: requests.map(methodOf) }
  }

  it('is joined before files, where the bot is not in it', async () => {
    const { step, asked } = await start({ is_member: false })
    expect(asked).toEqual(['conversations.info', 'conversations.join'])
    expect(step).toMatchObject({ type: 'wait' })
    expect((await start({ is_member: true })).asked).toEqual(['conversations.info'])
  })

  it.each([
    ['it is private', { is_member: false, is_private: true }, granted.grantedScopes],
    ['the app may not join', { is_member: false }, ['files:write']],
  ])('takes an invitation where %s', async (_, found, scopes) => {
    const { step, asked } = await start(found, scopes)
    expect(asked).toEqual(['conversations.info'])
    expect(step).toMatchObject({ code: 'missing_permission', nextAction: expect.stringContaining('/invite') })
  })
})

describe('deleting', () => {
  const sent = {
    kind: 'post',
    visibility: 'limited',
    platformPostId: '1.1',
    permalink: null,
    parts: ['F0A', '1.2', 'F0B'],
  } as const

  it('takes the messages, the last first, and then the files; what is gone is gone', async () => {
    const { ctx, requests } = cannedContext({
      'chat.delete': [ok(), refusal('message_not_found')],
      'files.delete': [refusal('file_deleted'), ok()],
    })
    await deletePost(ctx, { access: granted, account }, { ...sent, parts: [...sent.parts] })
    expect(requests.map((one) => [methodOf(one), formOf(one)])).toEqual([
      ['chat.delete', { channel: 'C012AB3CD', ts: '1.2' }],
      ['chat.delete', { channel: 'C012AB3CD', ts: '1.1' }],
      ['files.delete', { file: 'F0A' }],
      ['files.delete', { file: 'F0B' }],
    ])
  })

  it('says so where a message stays', async () => {
    const { ctx } = cannedContext({ 'chat.delete': refusal('cant_delete_message') })
    const error = await failureOf(deletePost(ctx, { access: granted, account }, { ...sent, parts: [] }))
    expect(error).toMatchObject({ platformCode: 'cant_delete_message' })
    expect(classifyError(error as PlatformError, 'delete')).toEqual({ kind: 'refused' })
  })
})

describe('errors of publishing', () => {
  it.each([
    ['msg_too_long', 'refused'],
    ['no_text', 'refused'],
    ['thread_not_found', 'refused'],
    ['alt_txt_too_large', 'refused'],
    ['file_type_not_allowed', 'refused'],
    ['storage_limit_reached', 'refused'],
    // Texts may still be published.
    ['file_uploads_disabled', 'refused'],
    ['slack_connect_file_upload_sharing_blocked', 'refused'],
    ['not_in_channel', 'account_unusable'],
    ['is_archived', 'account_unusable'],
    ['restricted_action_thread_only_channel', 'account_unusable'],
    ['message_limit_exceeded', 'rate_limited'],
    // It may have succeeded in part.
    ['fatal_error', 'unavailable'],
    ['internal_error', 'unavailable'],
  ])('%s are %s', (platformCode, kind) => {
    const error = new PlatformError({ status: 200, platformCode, message: '' })
    expect(classifyError(error, 'publish').kind).toBe(kind)
  })
})
