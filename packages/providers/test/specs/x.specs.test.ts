import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { x } from '../../src/x/index.js'
import { readOpenApi } from './description.js'
import { listOf, objectOf } from './json.js'
import type { FurtherCalls } from './life.js'
import { inAnswer, inJson, inPath, inQuery, without, withStatus } from './planted.js'
import { testDescription } from './suite.js'

async function start() {
  const sandbox = await startSandbox({ platforms: platforms().filter(({ id }) => id === 'x') })
  return asFakePlatform(sandbox.platform('x'), { close: sandbox.close })
}

/**
 * The description lacks what X says most often: a problem of no type of its own, and the list of what is wrong with a request.
 * @see https://docs.x.com/x-api/fundamentals/response-codes-and-errors (2026-11-22)
 */
function readX(source: unknown) {
  const document = structuredClone(objectOf(source))
  const { Problem, InvalidRequestProblem } = objectOf(objectOf(document.components).schemas)
  objectOf(objectOf(InvalidRequestProblem).properties).errors = { type: 'array', items: { type: 'object' } }
  listOf(objectOf(Problem).oneOf).push({
    type: 'object',
    required: ['type', 'title', 'detail', 'status'],
    properties: {
      type: { const: 'about:blank' },
      title: { type: 'string' },
      detail: { type: 'string' },
      status: { type: 'integer' },
    },
  })
  return readOpenApi(document)
}

/** What the provider never asks, to see how it is refused. */
const refusedPosts: FurtherCalls = async ({ ctx }, { access }) => {
  const headers = { authorization: `Bearer ${access.tokens.accessToken}` }
  const post = (path: string, json: unknown) =>
    ctx.http.request({ method: 'POST', url: `${ctx.endpoints.api}${path}`, headers, json })
  await post('/2/tweets', { text: 'あ'.repeat(141) })
  await post('/2/tweets', { media: { media_ids: ['1'] } })
  const upload = { media_type: 'image/gif', media_category: 'tweet_video', total_bytes: 1 }
  await post('/2/media/upload/initialize', upload)
  await ctx.http.request({ method: 'DELETE', url: `${ctx.endpoints.api}/2/tweets/1`, headers })
}

testDescription({
  provider: x,
  file: 'x.openapi.json',
  read: readX,
  starts: [start],
  furtherCalls: refusedPosts,
  covers: [
    ...['GET /2/users/me 200', 'GET /2/users/me 401', 'GET /2/users/me 429', 'GET /2/users/me 503'],
    ...['POST /2/media/upload 200', 'POST /2/media/metadata 200', 'POST /2/media/upload/initialize 200'],
    ...[
      'POST /2/media/upload/{id}/append 200',
      'POST /2/media/upload/{id}/finalize 200',
      'GET /2/media/upload 200',
    ],
    ...['POST /2/tweets 201', 'POST /2/tweets 400', 'POST /2/tweets 403', 'GET /2/users/{id}/tweets 200'],
    ...['DELETE /2/tweets/{id} 200', 'DELETE /2/tweets/{id} 404', 'POST /2/media/upload/initialize 400'],
  ],
  notDescribed: {
    'GET https://x.com/i/oauth2/authorize': 'A page for browsers.',
    'POST https://api.x.com/2/oauth2/token': 'The description holds no token endpoint; the fact page does.',
    'POST https://api.x.com/2/oauth2/revoke': 'The description holds no revocation; the fact page does.',
  },
  exceptions: [],
  planted: [
    {
      name: 'a field of an answer that nobody knows',
      call: 'GET /2/users/me',
      status: 200,
      change: inAnswer((body) => Object.assign(objectOf(body.data), { shoe_size: 42 })),
      problem: '/data/shoe_size is not described',
    },
    {
      name: 'a parameter of another name',
      call: 'GET /2/users/me',
      status: 200,
      change: inQuery((query) => {
        query.set('user_fields', query.get('user.fields') ?? '')
        query.delete('user.fields')
      }),
      problem: 'the query parameter user_fields is not described',
    },
    {
      name: 'a field there is not',
      call: 'GET /2/users/me',
      status: 200,
      change: inQuery((query) => query.set('user.fields', 'protected,shoe_size')),
      problem: 'the query parameter user.fields',
    },
    {
      name: 'a request of nobody',
      call: 'GET /2/users/me',
      status: 200,
      change: without('authorization'),
      problem: 'nothing shows who asks',
    },
    {
      name: 'a wrong path',
      call: 'GET /2/users/me',
      status: 200,
      change: inPath('/2/users/me', '/2/user/me'),
      problem: 'is not described',
    },
    {
      name: 'a protection that is neither on nor off',
      call: 'GET /2/users/me',
      status: 200,
      change: inAnswer((body) => Object.assign(objectOf(body.data), { protected: 'no' })),
      problem: '/data/protected must be boolean',
    },
    {
      name: 'an id that is a number',
      call: 'GET /2/users/me',
      status: 200,
      change: inAnswer((body) => Object.assign(objectOf(body.data), { id: 2244994945 })),
      problem: '/data/id must be string',
    },
    {
      name: 'a problem without a type',
      call: 'GET /2/users/me',
      status: 401,
      change: inAnswer((body) => delete body.type),
      problem: "must have required property 'type'",
    },
    {
      name: 'a post with a field there is not',
      call: 'POST /2/tweets',
      status: 201,
      change: inJson((body) => Object.assign(body, { in_reply_to: '1' })),
      problem: 'the body: / must NOT have additional properties',
    },
    {
      name: 'a file that is named by a number',
      call: 'POST /2/tweets',
      status: 201,
      change: inJson((body) => Object.assign(body, { media: { media_ids: [1] } })),
      problem: '/media/media_ids/0 must be string',
    },
    {
      name: 'five files',
      call: 'POST /2/tweets',
      status: 201,
      change: inJson((body) => Object.assign(body, { media: { media_ids: ['1', '2', '3', '4', '5'] } })),
      problem: '/media/media_ids must NOT have more than 4 items',
    },
    {
      name: 'an upload for something there is not',
      call: 'POST /2/media/upload/initialize',
      status: 200,
      change: inJson((body) => Object.assign(body, { media_category: 'video' })),
      problem: '/media_category must be equal to one of the allowed values',
    },
    {
      name: 'the older name of the fields of posts',
      call: 'GET /2/users/{id}/tweets',
      status: 200,
      change: inQuery((query) => {
        query.set('tweet.fields', 'created_at')
      }),
      problem: 'the query parameter tweet.fields is not described',
    },
    {
      name: 'a list of posts that is too short to be asked for',
      call: 'GET /2/users/{id}/tweets',
      status: 200,
      change: inQuery((query) => query.set('max_results', '4')),
      problem: 'the query parameter max_results',
    },
    {
      name: 'a post without an id',
      call: 'POST /2/tweets',
      status: 201,
      change: inAnswer((body) => delete objectOf(body.data).id),
      problem: "/data must have required property 'id'",
    },
    {
      name: 'a person who comes with an error status',
      call: 'GET /2/users/me',
      status: 200,
      change: withStatus(403),
      problem: "must have required property 'code'",
    },
  ],
})
