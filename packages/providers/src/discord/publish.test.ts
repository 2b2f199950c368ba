import {
  type DraftForTarget,
  type DraftMedia,
  type HttpRequest,
  PlatformError,
  type PublishInput,
  type PublishStep,
  type StreamBody,
  type TargetAccess,
} from '@postmcp/core'
import { createSampleFiles, publishInputOf, startRun } from '@postmcp/core/testing'
import { asFakePlatform, createDiscord, startSandbox } from '@postmcp/sandbox'
import { afterAll, describe, expect, it } from 'vitest'
import { limitsOf, validate } from './draft.js'
import { classifyError } from './errors.js'
import {
  access,
  botToken,
  type Canned,
  cannedContext,
  channel,
  channelId,
  guildId,
  refusing,
} from './fixtures/context.js'
import { discord } from './index.js'
import { createNonce, nonceOfReply } from './nonce.js'
import { continuePublish, deletePost, startPublish } from './publish.js'

const files = createSampleFiles()
afterAll(() => files.close())

const bot: TargetAccess = { targetId: channelId, handle: 'general', settings: { guildId }, secrets: {} }
const webhook: TargetAccess = {
  targetId: '223704706495545344',
  handle: 'News',
  settings: { guildId, channelId },
  secrets: { webhookToken: 'the-token-of-the-webhook' },
}
const dedupeKey = 'a-nonce-of-24-characters'
const input = (
  content: Partial<PublishInput['content']>,
  more: Partial<Omit<PublishInput, 'content'>> = {},
): PublishInput => publishInputOf({ access: access(), account: bot, dedupeKey, content, ...more })

const message = (id: string): Canned => ({ body: { id, channel_id: channelId, content: '' } })
const inChannel = { [`GET /channels/${channelId}`]: { body: channel() } }
const post = `POST /channels/${channelId}/messages`
const linkTo = (id: string) => `https://discord.com/channels/${guildId}/${channelId}/${id}`

/** All steps of a post, the last one last; each request to make a message gets the next id. */
async function publish(wanted: PublishInput, more: Record<string, Canned> = {}) {
  const { ctx, requests, asked } = cannedContext({ ...inChannel, [post]: message('501'), ...more })
  const steps: PublishStep[] = [await startPublish(ctx, wanted)]
  for (let step = steps[0]; step && step.type !== 'done'; step = steps.at(-1)) {
    steps.push(await continuePublish(ctx, wanted, step.checkpoint))
  }
  const done = steps.at(-1)
  const made = requests.filter(({ method, url }) => method === 'POST' && !String(url).endsWith('/crosspost'))
  if (done?.type !== 'done') throw new Error('It came to no end.')
  return { steps, made, asked: asked(), sent: done.sent, ctx }
}

const sentIn = ({ body }: HttpRequest): unknown => JSON.parse(String(body))

/** What a form holds. */
async function formIn({ body, headers }: HttpRequest) {
  const pieces: Uint8Array[] = []
  for await (const piece of (body as StreamBody).open()) pieces.push(piece)
  return new Response(Buffer.concat(pieces), { headers: headers ?? {} }).formData()
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => Promise.reject(new Error('It succeeded.')),
    (error: unknown) => error,
  )

describe('a message of the bot', () => {
  it('calls nobody, and is known again by its nonce', async () => {
    const { made, sent, steps } = await publish(input({ text: '@everyone **Hello**' }))
    expect(steps.map(({ type }) => type)).toEqual(['send', 'done'])
    expect(made).toMatchObject([
      {
        url: `https://discord.com/api/v10/channels/${channelId}/messages`,
        headers: { authorization: `Bot ${botToken}`, 'content-type': 'application/json' },
      },
    ])
    expect(made.map(sentIn)).toEqual([
      {
        content: '@everyone **Hello**',
        allowed_mentions: { parse: [] },
        nonce: dedupeKey,
        enforce_nonce: true,
      },
    ])
    expect(sent).toEqual({
      kind: 'post',
      visibility: 'limited',
      platformPostId: '501',
      permalink: linkTo('501'),
    })
  })

  it.each([
    [{ mentions: true }, { allowed_mentions: { parse: ['users', 'roles', 'everyone'] } }],
    [{ linkPreview: false }, { flags: 4 }],
    [{ silent: true }, { flags: 4096 }],
    [{ linkPreview: false, silent: true }, { flags: 4100 }],
  ])('takes what the user chose: %j', async (options, fields) => {
    const { made } = await publish(input({ text: 'Hello' }, { options }))
    expect(made.map(sentIn)).toMatchObject([fields])
  })

  it('brings its files in the same request, each with its alt text', async () => {
    const media = [await files.image(0, { altText: 'A tree' }), await files.video(2000)]
    const { made } = await publish(input({ text: 'Hello', media }, { options: { spoiler: true } }))
    const [request] = made
    if (!request) throw new Error('Nothing was sent.')
    expect(request.timeoutMs).toBe(120_000)
    const form = await formIn(request)
    expect([...form.keys()]).toEqual(['payload_json', 'files[0]', 'files[1]'])
    expect(JSON.parse(String(form.get('payload_json')))).toMatchObject({
      content: 'Hello',
      attachments: [
        { id: '0', filename: media[0]?.fileName, description: 'A tree', is_spoiler: true },
        { id: '1', filename: media[1]?.fileName, is_spoiler: true },
      ],
      nonce: dedupeKey,
      enforce_nonce: true,
    })
    const sent = await Promise.all(
      ['files[0]', 'files[1]'].map(
        async (name) => new Uint8Array(await (form.get(name) as File).arrayBuffer()),
      ),
    )
    expect(sent).toEqual(media.map(({ content }) => content))
  })

  it('is answered by its replies, each with a nonce of its own that is the same on every try', async () => {
    const wanted = input({ text: 'One', replies: ['Two', 'Three'] })
    const { made, steps } = await publish(wanted)
    expect(steps.map(({ type }) => type)).toEqual(['send', 'send', 'send', 'done'])
    expect(steps[1]).toMatchObject({ published: { platformPostId: '501' } })
    expect(made.slice(1).map(sentIn)).toEqual(
      ['Two', 'Three'].map((content, index) => ({
        content,
        allowed_mentions: { parse: [] },
        message_reference: { message_id: '501' },
        nonce: nonceOfReply(dedupeKey, index),
        enforce_nonce: true,
      })),
    )
    expect((await publish(wanted)).made.map(sentIn)).toEqual(made.map(sentIn))
    const nonces = [dedupeKey, nonceOfReply(dedupeKey, 0), nonceOfReply(dedupeKey, 1), createNonce()]
    expect(new Set(nonces).size).toBe(4)
    expect(nonces.every((nonce) => nonce.length <= 25)).toBe(true)
  })

  it('goes on to followers where that is wanted, and once', async () => {
    const crosspost = `${post}/501/crosspost`
    const wanted = input({ text: 'Hello', replies: ['More'] }, { options: { crosspost: true } })
    const { steps, asked } = await publish(wanted, { [crosspost]: message('501') })
    expect(steps.map(({ type }) => type)).toEqual(['send', 'send', 'send', 'done'])
    expect(asked).toEqual([`GET /channels/${channelId}`, post, crosspost, post])
    const again = await publish(wanted, { [crosspost]: refusing(400, 40033) })
    expect(again.sent.platformPostId).toBe('501')
    const refused = publish(wanted, { [crosspost]: refusing(403, 50013) })
    expect(await failureOf(refused)).toMatchObject({ platformCode: '50013' })
  })

  it('is not made in a server that was not connected', async () => {
    const foreign = channel({ guild_id: '1' })
    const { ctx, asked } = cannedContext({ [`GET /channels/${channelId}`]: { body: foreign } })
    const error = await failureOf(startPublish(ctx, input({ text: 'Hello' })))
    expect(error).toMatchObject({ code: 'missing_permission' })
    expect(asked()).toEqual([`GET /channels/${channelId}`])
  })

  it('of which the answer has no id is in doubt', async () => {
    const error = await failureOf(publish(input({ text: 'Hello' }), { [post]: { body: {} } }))
    expect(error).toMatchObject({ name: 'MalformedResponseError' })
  })
})

describe('a message of a webhook', () => {
  const path = `/webhooks/${webhook.targetId}/the-token-of-the-webhook`

  it('waits for its message, without a nonce and without the bot', async () => {
    const { made, sent, steps, asked } = await publish(input({ text: 'Hello' }, { account: webhook }), {
      [`POST ${path}`]: message('502'),
    })
    expect(asked).toEqual([`POST ${path}`])
    expect(made).toMatchObject([{ url: `https://discord.com/api/v10${path}?wait=true` }])
    expect(made[0]?.headers).not.toHaveProperty('authorization')
    expect(made.map(sentIn)).toEqual([{ content: 'Hello', allowed_mentions: { parse: [] } }])
    expect(sent).toMatchObject({ platformPostId: '502', permalink: linkTo('502') })
    expect(JSON.stringify(steps)).not.toContain('the-token')
  })

  it('is deleted by it', async () => {
    const { ctx, requests, asked } = cannedContext({ [`DELETE ${path}/messages/502`]: { status: 204 } })
    const sent = { kind: 'post', visibility: 'limited', platformPostId: '502', permalink: null } as const
    await deletePost(ctx, { access: access(), account: webhook }, sent)
    expect(asked()).toEqual([`DELETE ${path}/messages/502`])
    expect(requests[0]?.headers).not.toHaveProperty('authorization')
  })

  it('that is refused does not show the token', async () => {
    const refused = refusing(401, 50027, 'the-token-of-the-webhook is wrong')
    const error = await failureOf(
      publish(input({ text: 'Hello' }, { account: webhook }), { [`POST ${path}`]: refused }),
    )
    expect(error).toMatchObject({ message: '[hidden] is wrong' })
    expect(classifyError(error as PlatformError, 'publish')).toMatchObject({ status: 'revoked' })
  })

  it('is published and deleted at the simulation', async () => {
    const sandbox = await startSandbox({ platforms: [createDiscord()] })
    const handle = sandbox.platform('discord')
    const fake = asFakePlatform(handle, { close: sandbox.close })
    const client = fake.client && { ...fake.client, optionalScopes: ['webhook.incoming'] }
    const run = startRun(discord, { ...fake, client })
    try {
      const { access: granted } = await run.connect(await fake.createAccount())
      const targets = await discord.listTargets(run.ctx, granted)
      const target = targets.find(({ kind }) => kind === 'webhook')
      if (!target) throw new Error('There is no webhook.')
      const account = { ...target, settings: target.settings ?? {}, secrets: target.secrets ?? {} }
      const wanted = input(
        { text: 'Hello', media: [await files.image(0, { altText: 'A tree' })] },
        { access: granted, account },
      )
      const { checkpoint } = await run.prepare(wanted)
      const sent = await run.finish(wanted, await continuePublish(run.ctx, wanted, checkpoint))
      expect(handle.world.posts()).toMatchObject([
        { id: sent.platformPostId, text: 'Hello', media: [{ altText: 'A tree' }] },
      ])
      for (const _ of [1, 2]) await deletePost(run.ctx, { access: granted, account }, sent)
      expect(handle.world.posts()).toEqual([])
    } finally {
      await run.close()
      await fake.close()
    }
  })
})

describe('deleting', () => {
  const sent = {
    kind: 'post',
    visibility: 'limited',
    platformPostId: '501',
    permalink: null,
    parts: ['502', '503'],
  } as const
  const of = { access: access(), account: bot }
  const path = `DELETE /channels/${channelId}/messages`

  it('takes all messages, the last first; what is gone is gone', async () => {
    const { ctx, asked } = cannedContext({
      [`${path}/503`]: { status: 204 },
      [`${path}/502`]: refusing(404, 10008),
      [`${path}/501`]: refusing(404, 10003),
    })
    await deletePost(ctx, of, { ...sent, parts: [...sent.parts] })
    expect(asked()).toEqual(['503', '502', '501'].map((id) => `${path}/${id}`))
  })

  it.each([
    ['is refused', refusing(403, 50013), 'PlatformError'],
    ['is a page of a proxy', { status: 200, body: '<html>' }, 'MalformedResponseError'],
  ])('says so where the answer %s', async (_, canned, name) => {
    const { ctx } = cannedContext({ [`${path}/501`]: canned })
    expect(await failureOf(deletePost(ctx, of, { ...sent, parts: [] }))).toMatchObject({ name })
  })
})

describe('errors of publishing', () => {
  it.each([
    [400, '50035', 'refused'],
    [400, '50006', 'refused'],
    [400, '30015', 'refused'],
    [400, '200000', 'refused'],
    [413, '40005', 'refused'],
    [413, null, 'refused'],
    [403, '50013', 'account_unusable'],
    [404, '10003', 'account_unusable'],
    [404, '10015', 'account_unusable'],
    [429, '20016', 'rate_limited'],
    [429, null, 'rate_limited'],
    [401, '0', 'client_invalid'],
    [404, '10008', 'already_sent'],
    [503, null, 'unavailable'],
  ])('%i with %s are %s', (status, platformCode, kind) => {
    const error = new PlatformError({ status, platformCode, message: '' })
    expect(classifyError(error, 'publish').kind).toBe(kind)
  })

  it('of a proxy that takes no such large body are a refusal', async () => {
    const error = await failureOf(publish(input({ text: 'x' }), { [post]: { status: 413, body: '<html>' } }))
    expect(error).toMatchObject({ name: 'PlatformError', status: 413 })
  })
})

describe('a draft', () => {
  const target = (kind: string) => ({ kind, settings: {}, grantSettings: {}, grantedScopes: [] })
  const check = (sizes: number[], options: DraftForTarget['options'] = {}, kind = 'channel') =>
    validate({
      content: {
        text: '',
        visibility: 'public',
        media: sizes.map((bytes) => ({ mediaId: 'media_1', file: { bytes } }) as unknown as DraftMedia),
        replies: [],
      },
      options,
      target: target(kind),
    })

  it('has files of 25 MiB together, with some room for the rest', () => {
    const mebibyte = 1024 * 1024
    expect(check([9, 9, 6.5].map((size) => size * mebibyte))).toEqual([])
    expect(check([9, 9, 7].map((size) => size * mebibyte))).toMatchObject([
      { code: 'media_too_large', field: 'content.media', found: 25 * mebibyte },
    ])
  })

  it('goes on to followers from announcement channels only', () => {
    expect(check([], { crosspost: true }, 'announcement_channel')).toEqual([])
    expect(check([], { crosspost: false })).toEqual([])
    expect(check([], { crosspost: true })).toMatchObject([{ field: 'options.crosspost' }])
  })

  it('for a webhook has no replies', () => {
    expect(limitsOf(target('channel')).replies).toEqual({ max: 10 })
    expect(limitsOf(target('webhook'))).not.toHaveProperty('replies')
  })
})
