import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { pinterest } from '../../src/pinterest/index.js'
import { readOpenApi } from './description.js'
import { listOf, objectOf } from './json.js'
import type { FurtherCalls } from './life.js'
import { inAnswer, inForm, inQuery, without } from './planted.js'
import { testDescription } from './suite.js'

async function start() {
  const sandbox = await startSandbox({ platforms: platforms().filter(({ id }) => id === 'pinterest') })
  return asFakePlatform(sandbox.platform('pinterest'), { close: sandbox.close })
}

/** What the sandbox answers to a call that no hook makes. */
const furtherCalls: FurtherCalls = async ({ ctx }, { access }) => {
  const headers = { authorization: `Bearer ${access.tokens.accessToken}` }
  const url = `${ctx.endpoints.api}/v5/boards`
  await ctx.http.request({ method: 'POST', url, headers, json: { name: 'Summer', privacy: 'PUBLIC' } })
  await ctx.http.request({ method: 'GET', url: `${url}/1`, headers })
}

testDescription({
  provider: pinterest,
  file: 'pinterest.openapi.json',
  read: readOpenApi,
  starts: [start],
  furtherCalls,
  covers: [
    'GET /boards 200',
    'GET /boards/{board_id} 200',
    'GET /boards/{board_id} 404',
    'POST /boards 201',
    'GET /user_account 200',
    'GET /user_account 401',
    'GET /user_account 429',
    'GET /user_account 500',
    'POST /oauth/token 200',
    'POST /oauth/token 401',
  ],
  notDescribed: { 'GET https://www.pinterest.com/oauth/': 'A page for browsers.' },
  exceptions: [
    {
      call: 'POST /oauth/token',
      problem: /^the body: \/continuous_refresh is not described$/,
      reason: 'The text of the description tells of it, its schema does not.',
    },
  ],
  planted: [
    {
      name: 'a field of an answer that nobody knows',
      call: 'GET /boards',
      status: 200,
      change: inAnswer((body) => Object.assign(objectOf(listOf(body.items)[0]), { shoe_size: 42 })),
      problem: '/items/*/shoe_size is not described',
    },
    {
      name: 'a parameter of another name',
      call: 'GET /boards',
      status: 200,
      change: inQuery((query) => query.set('limit', '250')),
      problem: 'the query parameter limit is not described',
    },
    {
      name: 'a page that is too large',
      call: 'GET /boards',
      status: 200,
      change: inQuery((query) => query.set('page_size', '251')),
      problem: 'the query parameter page_size',
    },
    {
      name: 'a page of no number',
      call: 'GET /boards',
      status: 200,
      change: inQuery((query) => query.set('page_size', 'all')),
      problem: 'the query parameter page_size',
    },
    {
      name: 'a code that is not handed over',
      call: 'POST /oauth/token',
      status: 200,
      change: inForm((fields) => fields.delete('code')),
      problem: "the body: / must have required property 'code'",
    },
    {
      name: 'a kind of grant there is not',
      call: 'POST /oauth/token',
      status: 200,
      change: inForm((fields) => fields.set('grant_type', 'password')),
      problem: 'the body: /grant_type must be equal to one of the allowed values',
    },
    {
      name: 'an application that does not say which it is',
      call: 'POST /oauth/token',
      status: 200,
      change: without('authorization'),
      problem: 'nothing shows who asks',
    },
    {
      name: 'a token without an end',
      call: 'POST /oauth/token',
      status: 200,
      change: inAnswer((body) => delete body.expires_in),
      problem: "must have required property 'expires_in'",
    },
    {
      name: 'a board whose privacy is none',
      call: 'GET /boards',
      status: 200,
      change: inAnswer((body) => Object.assign(objectOf(listOf(body.items)[0]), { privacy: 'HIDDEN' })),
      problem: '/items/0/privacy must be equal to one of the allowed values',
    },
    {
      name: 'a list without boards',
      call: 'GET /boards',
      status: 200,
      change: inAnswer((body) => delete body.items),
      problem: "must have required property 'items'",
    },
  ],
})
