import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { discord } from '../../src/discord/index.js'
import { readOpenApi } from './description.js'
import { objectOf } from './json.js'
import type { FurtherCalls } from './life.js'
import { inAnswer, inPath, inQuery, without } from './planted.js'
import { testDescription } from './suite.js'

/** @param withWebhook whether a webhook is asked for as well */
const start = (withWebhook: boolean) => async () => {
  const sandbox = await startSandbox({ platforms: platforms().filter(({ id }) => id === 'discord') })
  const fake = asFakePlatform(sandbox.platform('discord'), { close: sandbox.close })
  const optionalScopes = withWebhook ? ['webhook.incoming'] : []
  return { ...fake, client: fake.client && { ...fake.client, optionalScopes } }
}

/** What the sandbox answers to calls that no hook makes. */
const furtherCalls: FurtherCalls = async ({ ctx }, { access }) => {
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
}

testDescription({
  provider: discord,
  file: 'discord.openapi.json',
  read: readOpenApi,
  starts: [start(false), start(true)],
  furtherCalls,
  covers: [
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
