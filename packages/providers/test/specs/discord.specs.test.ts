import type { PostOptions, Target } from '@postmcp/core'
import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { discord } from '../../src/discord/index.js'
import { readOpenApi } from './description.js'
import { objectOf } from './json.js'
import type { FurtherCalls } from './life.js'
import { inAnswer, inJson, inPath, inQuery, without } from './planted.js'
import { testDescription } from './suite.js'

/** @param withWebhook whether a webhook is asked for as well */
const start = (withWebhook: boolean) => async () => {
  const sandbox = await startSandbox({ platforms: platforms().filter(({ id }) => id === 'discord') })
  const fake = asFakePlatform(sandbox.platform('discord'), { close: sandbox.close })
  const optionalScopes = withWebhook ? ['webhook.incoming'] : []
  return { ...fake, client: fake.client && { ...fake.client, optionalScopes } }
}

/** What the sandbox answers to calls that no hook makes. */
const furtherCalls: FurtherCalls = async (run, one) => {
  const { ctx } = run
  const { access } = one
  const bot = `Bot ${ctx.client?.values.botToken}`
  const guild = `/guilds/${String(objectOf(access.settings).guildId)}`
  const get = (path: string, authorization: string) =>
    ctx.http.request({
      method: 'GET',
      url: `${ctx.endpoints.web}/api/v10${path}`,
      headers: { authorization },
    })
  await get('/users/@me/guilds', bot)
  await get(`${guild}/roles`, bot)
  await get('/channels/1', bot)
  await get('/oauth2/@me', `Bearer ${access.tokens.accessToken}`)
  await furtherPosts(run, one)
}

/**
 * What is made as a form with files stands in one field of it, as JSON.
 * @see https://docs.discord.com/developers/reference#uploading-files (2026-11-22)
 */
function readDiscord(source: unknown) {
  const document = structuredClone(objectOf(source))
  const inForm = (path: string, schema: string) => {
    const { content } = objectOf(objectOf(objectOf(objectOf(document.paths)[path]).post).requestBody)
    const form = objectOf(objectOf(content)['multipart/form-data'])
    const file = { const: 'the file' }
    const files = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`files[${at}]`, file]))
    form.schema = {
      type: 'object',
      properties: { payload_json: { $ref: `#/components/schemas/${schema}` }, ...files },
      additionalProperties: false,
    }
  }
  inForm('/channels/{channel_id}/messages', 'MessageCreateRequest')
  inForm('/webhooks/{webhook_id}/{webhook_token}', 'IncomingWebhookRequestPartial')
  return readOpenApi(document)
}

/** What differs from a post of the bot: by a webhook, and sent on to followers. */
const furtherPosts: FurtherCalls = async (run, one) => {
  const publish = async (target: Target, options: PostOptions, kind: 'text' | 'image' = 'text') => {
    const account = { ...target, settings: target.settings ?? {}, secrets: target.secrets ?? {} }
    const input = await run.inputFor({ ...one, target: account }, kind)
    Object.assign(input.options, options)
    const { checkpoint } = await run.prepare(input)
    const step = await discord.continuePublish?.(run.ctx, input, checkpoint)
    if (!step) throw new Error('Discord does not publish.')
    return { account, sent: await run.finish(input, step) }
  }
  const targets = await discord.listTargets(run.ctx, one.access)
  const webhook = targets.find(({ kind }) => kind === 'webhook')
  if (webhook) {
    for (const kind of ['text', 'image'] as const) {
      const { account, sent } = await publish(webhook, {}, kind)
      for (const _ of [1, 2]) await discord.deletePost?.(run.ctx, { access: one.access, account }, sent)
    }
  }
  const news = targets.find(({ kind }) => kind === 'announcement_channel')
  const options = { crosspost: true, silent: true, linkPreview: false, spoiler: true, mentions: true }
  if (news) await publish(news, options)
}

testDescription({
  provider: discord,
  file: 'discord.openapi.json',
  read: readDiscord,
  starts: [start(false), start(true)],
  furtherCalls,
  covers: [
    'DELETE /channels/{channel_id}/messages/{message_id} 204',
    'DELETE /webhooks/{webhook_id}/{webhook_token}/messages/{message_id} 204',
    'DELETE /webhooks/{webhook_id}/{webhook_token}/messages/{message_id} 404',
    'POST /channels/{channel_id}/messages 200',
    'POST /channels/{channel_id}/messages/{message_id}/crosspost 200',
    'POST /webhooks/{webhook_id}/{webhook_token} 200',
    'DELETE /users/@me/guilds/{guild_id} 204',
    'DELETE /users/@me/guilds/{guild_id} 403',
    'DELETE /webhooks/{webhook_id}/{webhook_token} 204',
    'DELETE /webhooks/{webhook_id}/{webhook_token} 404',
    'GET /channels/{channel_id} 200',
    'GET /channels/{channel_id} 404',
    'GET /guilds/{guild_id} 200',
    'GET /guilds/{guild_id} 404',
    'GET /guilds/{guild_id} 429',
    'GET /guilds/{guild_id} 500',
    'GET /guilds/{guild_id}/channels 200',
    'GET /guilds/{guild_id}/members/{user_id} 200',
    'GET /guilds/{guild_id}/roles 200',
    'GET /oauth2/@me 200',
    'GET /oauth2/@me 401',
    'GET /users/@me 200',
    'GET /users/@me/guilds 200',
  ],
  notDescribed: {
    'GET https://discord.com/oauth2/authorize': 'A page for browsers.',
    'POST https://discord.com/api/oauth2/token':
      'Only named, as the address of the OAuth flows; what goes over it is in the documentation.',
    'POST https://discord.com/api/v10/oauth2/token/revoke': 'In the documentation only.',
  },
  exceptions: [
    {
      call: /./,
      problem: /^status 500 is not described$/,
      reason: 'Trouble of the platform itself is not described; the documentation names it.',
    },
    {
      call: /./,
      problem: /^the answer with status 429: \/ must have required property 'code'$/,
      reason:
        'The documentation calls `code` optional there: docs.discord.com/developers/topics/rate-limits.',
    },
  ],
  planted: [
    {
      name: 'a message with a field there is not',
      call: 'POST /channels/{channel_id}/messages',
      status: 200,
      change: inJson((body) => Object.assign(body, { text: 'Hello' })),
      problem: 'the body: /text is not described',
    },
    {
      name: 'a nonce that is too long',
      call: 'POST /channels/{channel_id}/messages',
      status: 200,
      change: inJson((body) => Object.assign(body, { nonce: 'x'.repeat(26) })),
      problem: '/nonce must NOT have more than 25 characters',
    },
    {
      name: 'an answer to a message that is not named as Discord does',
      call: 'POST /channels/{channel_id}/messages',
      status: 200,
      change: inJson((body) => Object.assign(body, { message_reference: { id: '1' } })),
      problem: "/message_reference must have required property 'message_id'",
    },
    {
      name: 'a webhook that is to wait under another name',
      call: 'POST /webhooks/{webhook_id}/{webhook_token}',
      status: 200,
      change: inQuery((query) => query.set('wait_for', 'true')),
      problem: 'the query parameter wait_for is not described',
    },
    {
      name: 'a message without an author',
      call: 'POST /channels/{channel_id}/messages',
      status: 200,
      change: inAnswer((body) => delete body.author),
      problem: "must have required property 'author'",
    },
    {
      name: 'a field of an answer that nobody knows',
      call: 'GET /guilds/{guild_id}/members/{user_id}',
      status: 200,
      change: inAnswer((body) => Object.assign(objectOf(body.user), { shoe_size: 42 })),
      problem: '/user/shoe_size is not described',
    },
    {
      name: 'a parameter there is not',
      call: 'GET /guilds/{guild_id}',
      status: 200,
      change: inQuery((query) => query.set('with_count', 'true')),
      problem: 'the query parameter with_count is not described',
    },
    {
      name: 'a parameter of the wrong type',
      call: 'GET /guilds/{guild_id}',
      status: 200,
      change: inQuery((query) => query.set('with_counts', 'perhaps')),
      problem: 'the query parameter with_counts',
    },
    {
      name: 'a server that is named, where its id belongs',
      call: 'GET /guilds/{guild_id}/channels',
      status: 200,
      change: inPath(/\/guilds\/\d+/, '/guilds/acme'),
      problem: 'the path parameter guild_id',
    },
    {
      name: 'a request of nobody',
      call: 'GET /guilds/{guild_id}',
      status: 200,
      change: without('authorization'),
      problem: 'nothing shows who asks',
    },
    {
      name: 'a server without a name',
      call: 'GET /guilds/{guild_id}',
      status: 200,
      change: inAnswer((body) => delete body.name),
      problem: "must have required property 'name'",
    },
    {
      name: 'a member whose roles are no list',
      call: 'GET /guilds/{guild_id}/members/{user_id}',
      status: 200,
      change: inAnswer((body) => Object.assign(body, { roles: 'admin' })),
      problem: '/roles must be array',
    },
    {
      name: 'an error without a code',
      call: 'GET /guilds/{guild_id}',
      status: 404,
      change: inAnswer((body) => delete body.code),
      problem: "must have required property 'code'",
    },
  ],
})
