import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { pinterest } from '../../src/pinterest/index.js'
import { readOpenApi } from './description.js'
import { listOf, objectOf } from './json.js'
import type { FurtherCalls } from './life.js'
import { inAnswer, inForm, inJson, inQuery, without, withStatus } from './planted.js'
import { testDescription } from './suite.js'

async function start() {
  const sandbox = await startSandbox({ platforms: platforms().filter(({ id }) => id === 'pinterest') })
  return asFakePlatform(sandbox.platform('pinterest'), { close: sandbox.close })
}

/** What the sandbox answers to a call that no hook makes. */
const furtherCalls: FurtherCalls = async ({ ctx, files }, { access, target }) => {
  const headers = { authorization: `Bearer ${access.tokens.accessToken}` }
  const url = `${ctx.endpoints.api}/v5/boards`
  const pins = `${ctx.endpoints.api}/v5/pins`
  const data = Buffer.from(await (await files.image()).read()).toString('base64')
  const json = {
    board_id: target.targetId,
    media_source: { source_type: 'image_base64', content_type: 'image/jpeg', data },
  }
  const { json: pin } = await ctx.http.request({ method: 'POST', url: pins, headers, json })
  await ctx.http.request({ method: 'POST', url: pins, headers, json: { ...json, board_id: '1' } })
  for (const one of [pins, `${pins}/${objectOf(pin).id}`, `${ctx.endpoints.api}/v5/media`]) {
    await ctx.http.request({ method: 'GET', url: one, headers })
  }
  const gone = `${pins}/1`
  await ctx.http.request({ method: 'DELETE', url: gone, headers })
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
    'GET /boards/{board_id}/pins 200',
    'POST /media 201',
    'GET /media 200',
    'GET /media/{media_id} 200',
    'POST /pins 201',
    'POST /pins 404',
    'GET /pins 200',
    'GET /pins/{pin_id} 200',
    'DELETE /pins/{pin_id} 204',
    'DELETE /pins/{pin_id} 404',
    'GET /user_account 200',
    'GET /user_account 401',
    'GET /user_account 429',
    'GET /user_account 500',
    'POST /oauth/token 200',
    'POST /oauth/token 401',
  ],
  notDescribed: {
    'GET https://www.pinterest.com/oauth/': 'A page for browsers.',
    'POST https://api.pinterest.com/media-upload/': 'The storage for videos, which is not Pinterest’s own.',
  },
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
    {
      name: 'a Pin on a board that is named and not numbered',
      call: 'POST /pins',
      status: 201,
      change: inJson((body) => Object.assign(body, { board_id: 'summer' })),
      problem: 'the body: /board_id must match pattern',
    },
    {
      name: 'a Pin with a field nobody knows',
      call: 'POST /pins',
      status: 201,
      change: inJson((body) => Object.assign(body, { text: 'Words' })),
      problem: 'the body: /text is not described',
    },
    {
      name: 'a title that is too long',
      call: 'POST /pins',
      status: 201,
      change: inJson((body) => Object.assign(body, { title: 'x'.repeat(101) })),
      problem: 'the body: /title must NOT have more than 100 characters',
    },
    {
      name: 'a picture of a type that Pinterest does not take',
      call: 'POST /pins',
      status: 201,
      change: inJson((body) => Object.assign(objectOf(body.media_source), { content_type: 'image/gif' })),
      problem: 'the body: /media_source',
    },
    {
      name: 'a Pin without a number',
      call: 'POST /pins',
      status: 201,
      change: inAnswer((body) => delete body.id),
      problem: "must have required property 'id'",
    },
    {
      name: 'a file of a kind that is not uploaded',
      call: 'POST /media',
      status: 201,
      change: inJson((body) => Object.assign(body, { media_type: 'image' })),
      problem: 'the body: /media_type must be equal to one of the allowed values',
    },
    {
      name: 'a state of a video there is not',
      call: 'GET /media/{media_id}',
      status: 200,
      change: inAnswer((body) => Object.assign(body, { status: 'ready' })),
      problem: '/status must be equal to one of the allowed values',
    },
    {
      name: 'a Pin of a creative type there is not',
      call: 'GET /boards/{board_id}/pins',
      status: 200,
      change: inAnswer((body) =>
        Object.assign(objectOf(listOf(body.items)[0]), { creative_type: 'PICTURE' }),
      ),
      problem: '/items/0/creative_type must be equal to one of the allowed values',
    },
    {
      name: 'a deletion that says something',
      call: 'DELETE /pins/{pin_id}',
      status: 204,
      change: withStatus(202),
      problem: '202',
    },
  ],
})
