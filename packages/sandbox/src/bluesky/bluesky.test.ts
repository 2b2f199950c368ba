import {
  jwtPayload,
  nextTid,
  pngOf,
  putPost,
  uploadBlob,
  type XrpcAnswer,
  xrpc,
} from '@postmcp/tooling/test-servers/xrpc-calls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PlatformHandle } from '../platform-handle.js'
import { type RunningSandbox, startSandbox } from '../server.js'
import { emailOf, mainPasswordOf } from './accounts.js'
import { createBluesky } from './index.js'

// What can be asked of the real server as well is in pds-facts.test.ts.

const server = 'com.atproto.server'
const repo = 'com.atproto.repo'
const revoked = [400, 'ExpiredToken', 'Token has been revoked']
const expired = [400, 'ExpiredToken', 'Token has expired']
const unverified = [400, 'InvalidToken', 'Token could not be verified']
const wrongPassword = [401, 'AuthenticationRequired', 'Invalid identifier or password']
const takenDown = [401, 'AccountTakedown', 'Account has been taken down']

let running: RunningSandbox
let handle: PlatformHandle
let base: string
let did: string

beforeEach(async () => {
  running = await startSandbox({ platforms: [createBluesky()] })
  handle = running.platform('bluesky')
  base = handle.base
  did = handle.world.people()[0]?.id ?? ''
})
afterEach(() => running.close())

const refusal = ({ status, json: { error, message, ...rest } }: XrpcAnswer) => {
  expect(rest).toEqual({})
  return [status, error, message]
}
const ada = () => {
  const person = handle.world.person(did)
  if (!person) throw new Error('Ada is not there.')
  return person
}
const get = (nsid: string, query: Record<string, string>, auth?: unknown) =>
  xrpc(base, nsid, { query, ...(auth !== undefined && { auth }) })
const post = (nsid: string, body: object, auth?: unknown) =>
  xrpc(base, nsid, { body, ...(auth !== undefined && { auth }) })
const login = (password: string, extra: object = {}) =>
  post(`${server}.createSession`, { identifier: 'ada.test', password, ...extra })
const appPassword = () => handle.connectFields(did).appPassword ?? ''
const refresh = (auth: unknown) => xrpc(base, `${server}.refreshSession`, { auth })
const logout = (auth: unknown) => xrpc(base, `${server}.deleteSession`, { auth })
const session = (auth: unknown) => get(`${server}.getSession`, {}, auth)

async function connect() {
  const { json } = await login(appPassword())
  return { access: json.accessJwt, refreshToken: json.refreshJwt }
}

describe('finding an account', () => {
  it('goes from the handle by the DID to the server, and back to the handle', async () => {
    const found = await get('com.atproto.identity.resolveHandle', { handle: 'ADA.test' })
    expect(found.json).toEqual({ did })
    expect(did).toMatch(/^did:plc:[a-z2-7]{24}$/)
    for (const path of [did, encodeURIComponent(did)]) {
      const document = await fetch(`${base}/${path}`)
      expect(document.headers.get('content-type')).toBe('application/did+ld+json; charset=utf-8')
      expect(await document.json()).toMatchObject({
        id: did,
        alsoKnownAs: ['at://ada.test'],
        service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: base }],
      })
    }
  })

  it('tells unknown handles from malformed ones, and knows no other DIDs', async () => {
    const resolve = (name: string) => get('com.atproto.identity.resolveHandle', { handle: name })
    expect(refusal(await resolve('nobody.test'))).toEqual([400, 'HandleNotFound', 'Unable to resolve handle'])
    expect(refusal(await resolve('nobody.example.com'))).toEqual([
      400,
      'InvalidRequest',
      'Unable to resolve handle',
    ])
    expect(refusal(await resolve('@ada.test'))[2]).toBe(
      'Invalid com.atproto.identity.resolveHandle params: Invalid handle (got "@ada.test")',
    )
    const unknown = await fetch(`${base}/did:plc:aaaaaaaaaaaaaaaaaaaaaaaa`)
    expect([unknown.status, await unknown.json()]).toEqual([
      404,
      { message: 'DID not registered: did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' },
    ])
  })

  it('shows the profile, the status and the server', async () => {
    expect((await get('app.bsky.actor.getProfile', { actor: did })).json).toMatchObject({
      did,
      handle: 'ada.test',
      displayName: 'Ada Sandbox',
      avatar: expect.stringMatching(/^http/),
    })
    expect((await get('com.atproto.sync.getRepoStatus', { did })).json).toMatchObject({ did, active: true })
    expect((await get(`${server}.describeServer`, {})).json).toMatchObject({
      did: `did:web:${new URL(base).host.replace(':', '%3A')}`,
      blobUploadLimit: 5_242_880,
    })
    const other = await get('app.bsky.feed.getTimeline', {})
    expect(refusal(other)[2]).toBe('No service configured for app.bsky.feed.getTimeline')
  })
})

describe('sessions', () => {
  it('say in the scope of the access token which password opened them', async () => {
    const main = await login(mainPasswordOf(ada()))
    const made = await post(
      `${server}.createAppPassword`,
      { name: 'chat', privileged: true },
      main.json.accessJwt,
    )
    expect(made.json.password).toMatch(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/)
    const answers = [main, await login(appPassword()), await login(String(made.json.password))]
    expect(answers.map(({ json }) => jwtPayload(json.accessJwt).scope)).toEqual([
      'com.atproto.access',
      'com.atproto.appPass',
      'com.atproto.appPassPrivileged',
    ])
    const { iat, exp, ...access } = jwtPayload(answers[1]?.json.accessJwt)
    expect(access).toMatchObject({ sub: did, scope: 'com.atproto.appPass' })
    expect(Number(exp) - Number(iat)).toBe(7200)
    const claims = jwtPayload(answers[1]?.json.refreshJwt)
    expect(claims).toMatchObject({ scope: 'com.atproto.refresh', sub: did, jti: expect.any(String) })
    expect(Number(claims.exp) - Number(claims.iat)).toBe(90 * 86_400)
  })

  it('begin with handle, DID or e-mail address, in any case; all else is called wrong', async () => {
    for (const identifier of ['ada.test', 'ADA.TEST', did, emailOf(ada())]) {
      const answer = await post(`${server}.createSession`, { identifier, password: appPassword() })
      expect(answer).toMatchObject({ status: 200, json: { did, handle: 'ada.test', active: true } })
    }
    expect(refusal(await login(appPassword().toUpperCase()))).toEqual(wrongPassword)
    const atSign = { identifier: '@ada.test', password: appPassword() }
    expect(refusal(await post(`${server}.createSession`, atSign))).toEqual(wrongPassword)
  })

  it('give the same successor again within two hours, and none afterwards', async () => {
    const { refreshToken } = await connect()
    const [first, again] = [await refresh(refreshToken), await refresh(refreshToken)]
    const idOf = ({ json }: XrpcAnswer) => jwtPayload(json.refreshJwt).jti
    expect(idOf(again)).toBe(idOf(first))
    handle.clock.advance(7199)
    expect(idOf(await refresh(refreshToken))).toBe(idOf(first))
    handle.clock.advance(1)
    expect(refusal(await refresh(refreshToken))).toEqual(revoked)
    expect((await refresh(first.json.refreshJwt)).status).toBe(200)
  })

  it('end at deleteSession for the refresh token only; a predecessor can bring its successor back', async () => {
    const { access, refreshToken } = await connect()
    expect(refusal(await logout(access))).toEqual(unverified)
    const successor = (await refresh(refreshToken)).json.refreshJwt
    expect(await logout(successor)).toMatchObject({ status: 200, text: '' })
    expect(refusal(await refresh(successor))).toEqual(revoked)
    expect((await refresh(refreshToken)).status).toBe(200)
    expect((await refresh(successor)).status).toBe(200)
    await logout(refreshToken)
    expect((await logout(refreshToken)).status).toBe(200)
    expect((await session(access)).status).toBe(200)
  })

  it('expire with 400, in the time of the sandbox or when it is told to', async () => {
    const { access, refreshToken } = await connect()
    handle.tokens.expireAccessTokens(did)
    expect(refusal(await session(access))).toEqual(expired)
    const next = (await refresh(refreshToken)).json
    handle.clock.advance(7200)
    expect(refusal(await session(next.accessJwt))).toEqual(expired)
    handle.clock.advance(90 * 86_400)
    expect(refusal(await refresh(next.refreshJwt))).toEqual(expired)
    expect((await logout(next.refreshJwt)).status).toBe(200)
  })

  it('refuse tokens of the other kind, missing ones, and a body where none is expected', async () => {
    const { access, refreshToken } = await connect()
    for (const token of ['garbage', access]) expect(refusal(await refresh(token))).toEqual(unverified)
    for (const token of ['garbage', refreshToken]) expect(refusal(await session(token))).toEqual(unverified)
    const missing = [401, 'AuthMissing', 'Authentication Required']
    expect(refusal(await xrpc(base, `${server}.refreshSession`))).toEqual(missing)
    const withBody = await post(`${server}.refreshSession`, {}, refreshToken)
    expect(refusal(withBody)[2]).toBe('A request body was provided when none was expected')
    const more = await post(`${server}.createAppPassword`, { name: 'more' }, access)
    expect(refusal(more)).toEqual([400, 'InvalidToken', 'Bad token scope'])
  })

  it('lose all refresh tokens when the app password is taken away; the next one is new', async () => {
    const { access, refreshToken } = await connect()
    const old = appPassword()
    const successor = (await refresh(refreshToken)).json.refreshJwt
    await fetch(`${running.origin}/_sandbox/api/platforms/bluesky/revoke`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ personId: did }),
    })
    for (const token of [refreshToken, successor]) expect(refusal(await refresh(token))).toEqual(revoked)
    expect(refusal(await login(old))).toEqual(wrongPassword)
    expect((await session(access)).status).toBe(200)
    expect(appPassword()).not.toBe(old)
    expect((await login(appPassword())).status).toBe(200)
  })

  it('of the main password make, list and delete app passwords', async () => {
    const { accessJwt: auth } = (await login(mainPasswordOf(ada()))).json
    const made = await post(`${server}.createAppPassword`, { name: 'one' }, auth)
    const again = await post(`${server}.createAppPassword`, { name: 'one' }, auth)
    expect(refusal(again)).toEqual([400, 'InvalidRequest', 'could not create app-specific password'])
    expect((await get(`${server}.listAppPasswords`, {}, auth)).json.passwords).toMatchObject([
      { name: 'one', privileged: false },
    ])
    await post(`${server}.revokeAppPassword`, { name: 'one' }, auth)
    expect(refusal(await login(String(made.json.password)))).toEqual(wrongPassword)
  })
})

describe('an account that is', () => {
  it.each(['takendown', 'suspended'])('%s is refused by all that asks with a token', async (condition) => {
    const { access, refreshToken } = await connect()
    const password = appPassword()
    handle.world.setCondition(did, condition)
    expect(refusal(await session(access))).toEqual([
      400,
      'InvalidRequest',
      `Could not find user info for account: ${did}`,
    ])
    expect(refusal(await refresh(refreshToken))).toEqual(takenDown)
    expect(refusal(await post(`${repo}.putRecord`, putPost(did, nextTid(), 'x'), access))).toEqual(takenDown)
    expect(refusal(await login(password))).toEqual(wrongPassword)
    expect(refusal(await login(mainPasswordOf(ada())))).toEqual(takenDown)
    const allowed = await login(mainPasswordOf(ada()), { allowTakendown: true })
    expect(jwtPayload(allowed.json.accessJwt).scope).toBe('com.atproto.takendown')
    expect(allowed.json).toMatchObject({ active: false, status: condition })
    expect((await get('com.atproto.sync.getRepoStatus', { did })).json).toEqual({
      did,
      active: false,
      status: condition,
    })
    expect(refusal(await get('app.bsky.actor.getProfile', { actor: did }))[1]).toBe('AccountTakedown')

    handle.world.setCondition(did, 'active')
    expect((await session(access)).status).toBe(200)
    expect(refusal(await refresh(refreshToken))).toEqual(revoked)
  })

  it('deactivated goes on with sessions and uploads, but writes nothing', async () => {
    const { access, refreshToken } = await connect()
    handle.world.setCondition(did, 'deactivated')
    const inactive = { status: 200, json: { active: false, status: 'deactivated' } }
    expect(await session(access)).toMatchObject(inactive)
    expect(await refresh(refreshToken)).toMatchObject(inactive)
    expect((await uploadBlob(base, access, pngOf(), 'image/png')).status).toBe(200)
    expect(refusal(await post(`${repo}.putRecord`, putPost(did, nextTid(), 'x'), access))).toEqual([
      401,
      'AccountDeactivated',
      'Account is deactivated',
    ])
    const listed = await get(`${repo}.listRecords`, { repo: did, collection: 'app.bsky.feed.post' })
    expect(refusal(listed)).toEqual([400, 'InvalidRequest', `Could not find repo: ${did}`])
  })

  it('deleted leaves nothing but its document', async () => {
    const { access, refreshToken } = await connect()
    handle.world.setCondition(did, 'deleted')
    const unknown = [400, 'InvalidRequest', `Could not find user info for account: ${did}`]
    expect(refusal(await session(access))).toEqual(unknown)
    expect(refusal(await refresh(refreshToken))).toEqual(unknown)
    expect(refusal(await post(`${repo}.putRecord`, putPost(did, nextTid(), 'x'), access))[1]).toBe(
      'AccountNotFound',
    )
    expect(refusal(await get('com.atproto.sync.getRepoStatus', { did }))[1]).toBe('RepoNotFound')
    expect((await fetch(`${base}/${did}`)).status).toBe(200)
  })

  it('guarded by e-mail asks the main password for a code, and app passwords for nothing', async () => {
    handle.world.setCondition(did, 'email_factor')
    expect(refusal(await login(mainPasswordOf(ada())))[1]).toBe('AuthFactorTokenRequired')
    expect((await login(mainPasswordOf(ada()), { authFactorToken: '12345' })).status).toBe(200)
    expect((await login(appPassword())).status).toBe(200)
  })
})

describe('records', () => {
  const put = async (body: object) => post(`${repo}.putRecord`, body, (await connect()).access)

  it('are put once under a key of our own, and shown to everybody until they are deleted', async () => {
    const { access } = await connect()
    const body = putPost(did, nextTid(), 'one')
    const first = await post(`${repo}.putRecord`, body, access)
    expect(Object.keys(first.json).sort()).toEqual(['cid', 'commit', 'uri', 'validationStatus'])
    const { commit, ...withoutCommit } = first.json
    const again = await post(`${repo}.putRecord`, body, access)
    expect(again.json).toEqual(withoutCommit)
    const other = { ...body, record: { ...body.record, text: 'two' } }
    expect(refusal(await post(`${repo}.putRecord`, other, access))).toEqual([
      400,
      'InvalidSwap',
      `Record was at ${first.json.cid}`,
    ])
    expect(handle.world.posts({ personId: did }).map(({ id }) => id)).toEqual([first.json.uri])

    const { rkey } = body
    const place = { repo: did, collection: 'app.bsky.feed.post', rkey }
    expect((await get(`${repo}.getRecord`, place)).json).toEqual({
      uri: first.json.uri,
      cid: first.json.cid,
      value: body.record,
    })
    const page = await fetch(`${base}/profile/${did}/post/${rkey}`)
    expect(await page.text()).toContain('one')
    expect((await post(`${repo}.deleteRecord`, place, access)).json).toMatchObject({ commit: {} })
    expect(await post(`${repo}.deleteRecord`, place, access)).toMatchObject({ status: 200, text: '{}' })
    expect(refusal(await get(`${repo}.getRecord`, place))).toEqual([
      400,
      'RecordNotFound',
      `Could not locate record: ${first.json.uri}`,
    ])
    expect(handle.world.posts({ personId: did })).toEqual([])
    expect((await post(`${repo}.putRecord`, body, access)).json).toMatchObject({ cid: first.json.cid })
  })

  it('may be edited by who does not ask for the swap', async () => {
    const body = putPost(did, nextTid(), 'original')
    await put(body)
    const { swapRecord: _, ...edit } = { ...body, record: { ...body.record, text: 'edited' } }
    expect((await put(edit)).json).toHaveProperty('commit')
    expect(refusal(await put(body))[1]).toBe('InvalidSwap')
    expect(handle.world.posts({ personId: did }).map(({ text }) => text)).toEqual(['edited'])
  })

  it('have the CID of their content in DAG-CBOR', async () => {
    // As `cidForLex` of `@atproto/lex-cbor` 0.1.6 computes it.
    const cid = 'bafyreiaav3rjeho3mypekeuy2iqxinj3bxgfylc2ubgc424gixid72luz4'
    const family = {
      $type: 'x.y.z',
      text: 'héllo 👨‍👩‍👧',
      langs: ['en'],
      n: -300,
      m: 70_000,
      b: true,
      z: null,
      aa: 1,
    }
    const { access } = await connect()
    const created = await post(
      `${repo}.createRecord`,
      { repo: did, collection: 'x.y.z', record: family },
      access,
    )
    expect(created.json.cid).toBe(cid)
  })

  it('of createRecord get a key; one that exists ends in 500', async () => {
    const { access } = await connect()
    const { swapRecord: _, rkey, ...body } = putPost(did, nextTid(), 'created')
    const created = await post(`${repo}.createRecord`, body, access)
    expect(created.json.uri).toMatch(/\/[234567a-z]{13}$/)
    await post(`${repo}.createRecord`, { ...body, rkey }, access)
    const again = await post(`${repo}.createRecord`, { ...body, rkey }, access)
    expect(refusal(again)).toEqual([500, 'InternalServerError', 'Internal Server Error'])
  })

  it('are listed newest first, page by page', async () => {
    const { access } = await connect()
    const keys = [nextTid(), nextTid(), nextTid()]
    for (const rkey of keys) await post(`${repo}.putRecord`, putPost(did, rkey, rkey), access)
    const list = async (query: Record<string, string>) => {
      const place = { repo: 'ada.test', collection: 'app.bsky.feed.post', ...query }
      const { json } = await get(`${repo}.listRecords`, place)
      return [(json.records as { uri: string }[]).map(({ uri }) => uri.split('/').at(-1)), json.cursor]
    }
    expect(await list({ limit: '2' })).toEqual([[keys[2], keys[1]], keys[1]])
    expect(await list({ limit: '2', cursor: keys[1] ?? '' })).toEqual([[keys[0]], keys[0]])
    expect(await list({ reverse: 'true', cursor: keys[1] ?? '' })).toEqual([[keys[2]], keys[2]])
  })

  it('of others, of nobody and with keys of another form are refused', async () => {
    const ben = handle.world.people()[1]?.id ?? ''
    expect(refusal(await put(putPost(ben, nextTid(), 'x')))).toEqual([
      401,
      'AuthenticationRequired',
      'Authentication Required',
    ])
    expect(refusal(await put(putPost('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', nextTid(), 'x')))[1]).toBe(
      'AccountNotFound',
    )
    expect(refusal(await put(putPost(did, 'hello', 'x')))[2]).toBe(
      'Invalid record key for app.bsky.feed.post: Invalid TID string (got "hello") at $',
    )
  })

  const family = '👨‍👩‍👧‍👦'
  const facet = { index: { byteStart: 0, byteEnd: 1 } }
  const link = { ...facet, features: [{ $type: 'app.bsky.richtext.facet#link', uri: 'nope' }] }
  const card = { uri: 'https://example.org', title: 'Title' }
  it.each<[string, Record<string, unknown>]>([
    ['grapheme too big (maximum 300, got 301) at $.record.text', { text: 'a'.repeat(301) }],
    ['string too big (maximum 3000, got 3025) at $.record.text', { text: family.repeat(121) }],
    ['Invalid datetime (got "nope") at $.record.createdAt', { createdAt: 'nope' }],
    ['array too big (maximum 3, got 4) at $.record.langs', { langs: ['en', 'de', 'fr', 'it'] }],
    ['Invalid uri (got "nope") at $.record.facets[0].features[0].uri', { facets: [link] }],
    [
      'Missing required key "description" at $.record.embed.external',
      { embed: { $type: 'app.bsky.embed.external', external: card } },
    ],
  ])('are refused where their lexicon is not met: %s', async (problem, fields) => {
    const answer = await put(putPost(did, nextTid(), 'x', fields))
    expect(refusal(answer)).toEqual([400, 'InvalidRequest', `Invalid app.bsky.feed.post record: ${problem}`])
    const unchecked = await put({ ...putPost(did, nextTid(), 'x', fields), validate: false })
    expect(unchecked.status).toBe(200)
  })
})

describe('files', () => {
  const images = (blob: object, count = 1) => ({
    embed: {
      $type: 'app.bsky.embed.images',
      images: Array.from({ length: count }, () => ({ image: blob, alt: 'Noise' })),
    },
  })
  const putWith = async (fields: Record<string, unknown>) =>
    post(`${repo}.putRecord`, putPost(did, nextTid(), 'x', fields), (await connect()).access)

  it('are kept under their CID, with the type that they have, and shown with the post', async () => {
    const { access } = await connect()
    const { blob } = await uploadBlob(base, access, pngOf(), 'image/jpeg')
    expect(blob).toEqual({
      $type: 'blob',
      ref: { $link: expect.stringMatching(/^bafkrei/) },
      mimeType: 'image/png',
      size: 70,
    })
    expect((await uploadBlob(base, access, pngOf(), 'image/png')).blob).toEqual(blob)
    expect((await putWith(images(blob, 4))).status).toBe(200)
    const [shown] = handle.world.posts({ personId: did })
    expect(shown?.media[0]).toMatchObject({ mimeType: 'image/png', byteLength: 70, altText: 'Noise' })
    const query = new URLSearchParams({ did, cid: blob.ref.$link })
    const bytes = await fetch(`${base}/xrpc/com.atproto.sync.getBlob?${query}`)
    expect(new Uint8Array(await bytes.arrayBuffer())).toEqual(pngOf())
  })

  it('are refused by size, type, name and number', async () => {
    const { access } = await connect()
    const upload = (bytes: Uint8Array<ArrayBuffer>, type?: string) => uploadBlob(base, access, bytes, type)
    const record = 'Invalid app.bsky.feed.post record:'
    const { blob: __, ...tooLarge } = await upload(new Uint8Array(5_242_881), 'image/png')
    expect(refusal(tooLarge)).toEqual([413, 'PayloadTooLarge', 'request entity too large'])
    const { blob: _, ...untyped } = await upload(pngOf())
    expect(refusal(untyped)[2]).toBe('Request encoding (Content-Type) required but not provided')
    const { blob: large } = await upload(pngOf(2_000_001), 'image/png')
    expect(refusal(await putWith(images(large)))[2]).toBe(
      `${record} blob too big (maximum 2000000, got 2000001) at $.record.embed.images[0].image`,
    )
    expect(refusal(await putWith(images({ ...large, size: 5 })))[1]).toBe('InvalidSize')
    const { blob: text } = await upload(new TextEncoder().encode('hello there'), 'text/plain')
    expect(refusal(await putWith(images(text)))[2]).toBe(
      `${record} Expected "image/*" (got "text/plain") at $.record.embed.images[0].image.mimeType`,
    )
    const { blob } = await upload(pngOf(), 'image/png')
    expect(refusal(await putWith(images(blob, 5)))[2]).toBe(
      `${record} array too big (maximum 4, got 5) at $.record.embed.images`,
    )
    const cid = 'bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yaa'
    expect(refusal(await putWith(images({ ...blob, ref: { $link: cid } })))).toEqual([
      400,
      'BlobNotFound',
      `Could not find blob: ${cid}`,
    ])
  })
})

describe('limits', () => {
  const limitsOf = ({ headers }: XrpcAnswer) =>
    ['limit', 'remaining', 'policy'].map((name) => headers.get(`ratelimit-${name}`))

  it('are told with every call that was let in, the tightest first', async () => {
    const { access } = await connect()
    expect(limitsOf(await session(access))).toEqual(['3000', '2999', '3000;w=300'])
    expect(limitsOf(await uploadBlob(base, access, pngOf(), 'image/png'))).toEqual([
      '1000',
      '999',
      '1000;w=86400',
    ])
    expect(limitsOf(await session('garbage'))).toEqual([null, null, null])
  })

  it('refuse the 31st login in five minutes, for that spelling of the name', async () => {
    for (let times = 0; times < 30; times++) expect((await login(appPassword())).status).toBe(200)
    const refused = await login(appPassword())
    expect(refusal(refused)).toEqual([429, 'RateLimitExceeded', 'Rate Limit Exceeded'])
    expect(limitsOf(refused)).toEqual(['30', '0', '30;w=300'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(290)
    const byDid = { identifier: did, password: appPassword() }
    expect((await post(`${server}.createSession`, byDid)).status).toBe(200)
    handle.clock.advance(300)
    expect((await login(appPassword())).status).toBe(200)
  })
})
