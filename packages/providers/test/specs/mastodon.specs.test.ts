import { asFakePlatform, createMastodon, type MastodonVariant, startSandbox } from '@postmcp/sandbox'
import { mastodon } from '../../src/mastodon/index.js'
import { readOpenApi } from './description.js'
import { type JsonObject, mapObjects, objectOf } from './json.js'
import type { FurtherCalls } from './life.js'
import { inAnswer, inForm, inJson, inQuery, without } from './planted.js'
import { testDescription } from './suite.js'

const start = (variant: MastodonVariant) => async () => {
  // Time goes on as the simulation looks at it, so that a video takes as many questions on every machine.
  let time = Date.now()
  const now = () => {
    time += 2
    return new Date(time)
  }
  const sandbox = await startSandbox({ platforms: [createMastodon({ variant })], now })
  const handle = sandbox.platform('mastodon')
  const { host } = new URL(handle.base)
  return asFakePlatform(handle, { close: sandbox.close, targetId: (id) => `${host}/${id}` })
}

/**
 * The description with what it has differently from Mastodon's own documentation: forms are taken as well as JSON, a post may
 * have text and media, and the key is a text.
 * @see https://docs.joinmastodon.org/client/intro/#request, https://docs.joinmastodon.org/methods/statuses/ (2026-11-22)
 */
const readMastodon = (source: unknown) =>
  readOpenApi(
    mapObjects(source, ({ requestBody, ...said }) => {
      if (said.in === 'header' && said.name === 'Idempotency-Key')
        return { ...said, schema: { type: 'string' } }
      return requestBody === undefined ? said : { ...said, requestBody: asForms(objectOf(requestBody)) }
    }),
  )

function asForms({ content, ...said }: JsonObject): JsonObject {
  const { schema } = objectOf(objectOf(content)['application/json'])
  if (schema === undefined) return { ...said, content }
  const { oneOf: anyOf, ...rest } = objectOf(schema)
  const json = { schema: anyOf === undefined ? rest : { ...rest, anyOf } }
  return {
    ...said,
    content: {
      ...objectOf(content),
      'application/json': json,
      'application/x-www-form-urlencoded': json,
      'multipart/form-data': json,
    },
  }
}

/** What the provider never asks, to see how it is answered. */
const furtherCalls: FurtherCalls = async ({ ctx }, { access, account }) => {
  const base = account.fields.instance ?? ''
  const headers = { authorization: `Bearer ${access.tokens.accessToken}` }
  const url = `${base}/api/v1/statuses`
  const status = await ctx.http.request({
    method: 'POST',
    url,
    headers,
    json: { status: 'Hello #fediverse' },
  })
  const id = String(objectOf(status.json).id)
  await ctx.http.request({ method: 'GET', url: `${url}/${id}` })
  await ctx.http.request({ method: 'DELETE', url: `${url}/${id}`, headers })
  await ctx.http.request({ method: 'GET', url: `${url}/${id}` })
  await ctx.http.request({
    method: 'POST',
    url,
    headers,
    json: { status: 'a'.repeat(501), visibility: 'public' },
  })
  await ctx.http.request({ method: 'GET', url: `${base}/api/v1/media/1`, headers })
}

/** Both kinds of servers take this; a list is understood from 4.3 on only. */
const addressesAsText = {
  call: 'POST /api/v1/apps',
  problem: /^the body: \/redirect_uris must be array$/,
  reason: 'A text with one address in each line is documented too: docs.joinmastodon.org/methods/apps.',
}

const nodeinfo = {
  'GET https://mastodon.example/.well-known/nodeinfo': 'A standard of its own: nodeinfo.diaspora.software.',
  'GET https://mastodon.example/nodeinfo/2.0': 'Likewise.',
}

const always = [
  'GET /api/v1/accounts/verify_credentials 200',
  'GET /api/v1/accounts/verify_credentials 401',
  'GET /api/v1/accounts/verify_credentials 429',
  'GET /api/v1/accounts/verify_credentials 503',
  'GET /api/v2/instance 200',
  'GET /oauth/authorize 200',
  'POST /api/v1/apps 200',
  'POST /oauth/revoke 200',
  'POST /oauth/token 200',
]

/** A post of every kind, uploads that are worked on, and what is looked for and deleted. */
const publishing = [
  'POST /api/v2/media 200',
  'POST /api/v2/media 202',
  'GET /api/v1/media/{id} 200',
  'GET /api/v1/media/{id} 206',
  'POST /api/v1/statuses 200',
  'GET /api/v1/accounts/{id}/statuses 200',
  'DELETE /api/v1/statuses/{id} 200',
]

const readByAnybody = {
  call: /^GET \/api\/v1\/(?:statuses\/\{id\}|accounts\/\{id\}\/statuses)$/,
  problem: /^nothing shows who asks$/,
  reason: 'Anyone may read a public post: docs.joinmastodon.org/methods/accounts/#statuses.',
}

testDescription({
  provider: mastodon,
  file: 'mastodon.openapi.json',
  read: readMastodon,
  starts: [start('mastodon')],
  furtherCalls,
  covers: [
    ...always,
    ...publishing,
    'GET /.well-known/oauth-authorization-server 200',
    'POST /api/v1/statuses 422',
    'GET /api/v1/statuses/{id} 200',
    'GET /api/v1/statuses/{id} 404',
    'GET /api/v1/media/{id} 404',
  ],
  notDescribed: nodeinfo,
  exceptions: [addressesAsText, readByAnybody],
  planted: [
    {
      name: 'a field of an answer that nobody knows',
      call: 'POST /api/v1/statuses',
      status: 200,
      change: inAnswer((body) => Object.assign(objectOf(body.account), { shoe_size: 42 })),
      problem: '/account/shoe_size is not described',
    },
    {
      name: 'a parameter of another name',
      call: 'POST /api/v1/apps',
      status: 200,
      change: inForm((fields) => {
        fields.set('name', fields.get('client_name') ?? '')
        fields.delete('client_name')
      }),
      problem: "the body: / must have required property 'client_name'",
    },
    {
      name: 'a field of the form that there is not',
      call: 'POST /oauth/token',
      status: 200,
      change: inForm((fields) => fields.set('verifier', 'x')),
      problem: 'the body: /verifier is not described',
    },
    {
      name: 'an address for coming back that is none',
      call: 'POST /api/v1/apps',
      status: 200,
      change: inForm((fields) => {
        fields.delete('redirect_uris')
        fields.set('redirect_uris[]', 'not an address')
      }),
      problem: 'the body: /redirect_uris/0 must match format "uri"',
    },
    {
      name: 'a visibility there is not',
      call: 'POST /api/v1/statuses',
      status: 200,
      change: inJson((body) => Object.assign(body, { visibility: 'everyone' })),
      problem: 'the body: /visibility must be equal to one of the allowed values',
    },
    {
      name: 'a text that is a number',
      call: 'POST /api/v1/statuses',
      status: 200,
      change: inJson((body) => Object.assign(body, { status: 1 })),
      problem: 'the body: /status must be string',
    },
    {
      name: 'a reply by another name',
      call: 'POST /api/v1/statuses',
      status: 200,
      change: inJson((body) => Object.assign(body, { in_reply_to: '1' })),
      problem: 'the body: /in_reply_to is not described',
    },
    {
      name: 'a list that is asked for by a name there is not',
      call: 'GET /api/v1/accounts/{id}/statuses',
      status: 200,
      change: inQuery((query) => query.set('count', '40')),
      problem: 'the query parameter count is not described',
    },
    {
      name: 'a consent page for nobody',
      call: 'GET /oauth/authorize',
      status: 200,
      change: inQuery((query) => query.delete('client_id')),
      problem: 'the query parameter client_id is missing',
    },
    {
      name: 'a request of nobody',
      call: 'GET /api/v1/accounts/verify_credentials',
      status: 200,
      change: without('authorization'),
      problem: 'nothing shows who asks',
    },
    {
      name: 'an account without a name',
      call: 'GET /api/v1/accounts/verify_credentials',
      status: 200,
      change: inAnswer((body) => delete body.acct),
      problem: "must have required property 'acct'",
    },
    {
      name: 'a post whose id is a number',
      call: 'POST /api/v1/statuses',
      status: 200,
      change: inAnswer((body) => Object.assign(body, { id: 1 })),
      problem: '/id must be string',
    },
    {
      name: 'an error that says nothing',
      call: 'GET /api/v1/accounts/verify_credentials',
      status: 401,
      change: inAnswer((body) => delete body.error),
      problem: "must have required property 'error'",
    },
  ],
})

testDescription({
  provider: mastodon,
  shape: '4.2',
  file: 'mastodon.openapi.json',
  read: readMastodon,
  starts: [start('mastodon-4.2')],
  covers: [...always, ...publishing, 'GET /.well-known/oauth-authorization-server 404'],
  notDescribed: nodeinfo,
  exceptions: [
    addressesAsText,
    readByAnybody,
    {
      call: 'GET /api/v2/instance',
      problem: /^the answer with status 200: \/ must have required property 'api_versions'$/,
      reason: 'Came with 4.3; the description is of 4.7.',
    },
  ],
  planted: [],
})
