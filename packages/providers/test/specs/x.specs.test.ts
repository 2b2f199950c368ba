import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { x } from '../../src/x/index.js'
import { readOpenApi } from './description.js'
import { listOf, objectOf } from './json.js'
import { inAnswer, inPath, inQuery, without, withStatus } from './planted.js'
import { testDescription } from './suite.js'

async function start() {
  const sandbox = await startSandbox({ platforms: platforms().filter(({ id }) => id === 'x') })
  return asFakePlatform(sandbox.platform('x'), { close: sandbox.close })
}

/**
 * The description lacks what X says most often: a problem of no type of its own.
 * @see https://docs.x.com/x-api/fundamentals/response-codes-and-errors (2026-11-22)
 */
function readX(source: unknown) {
  const document = structuredClone(objectOf(source))
  const { Problem } = objectOf(objectOf(document.components).schemas)
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

testDescription({
  provider: x,
  file: 'x.openapi.json',
  read: readX,
  starts: [start],
  covers: ['GET /2/users/me 200', 'GET /2/users/me 401', 'GET /2/users/me 429', 'GET /2/users/me 503'],
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
      name: 'a person who comes with an error status',
      call: 'GET /2/users/me',
      status: 200,
      change: withStatus(403),
      problem: "must have required property 'code'",
    },
  ],
})
