import { createHash, randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PlatformHandle } from '../../platform-handle.js'
import { type RunningSandbox, startSandbox } from '../../server.js'
import { approve, deny } from '../../testing.js'
import { createBluesky } from '../index.js'

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>
interface Answer {
  status: number
  headers: Headers
  json: Record<string, unknown>
}

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const scope = 'atproto repo:app.bsky.feed.post?action=create blob:image/*'
const verifier = 'v'.repeat(43)
const challenge = createHash('sha256').update(verifier).digest('base64url')
const loopbackId = (declared = scope) =>
  `http://localhost?${new URLSearchParams({ redirect_uri: redirectUri, scope: declared })}`

let running: RunningSandbox
let handle: PlatformHandle
let base: string
let did: string
let key: KeyPair
let otherKey: KeyPair
let documents: Server | undefined

beforeAll(async () => {
  key = await generateKeyPair('ES256', { extractable: true })
  otherKey = await generateKeyPair('ES256', { extractable: true })
})
beforeEach(async () => {
  running = await startSandbox({ platforms: [createBluesky()] })
  handle = running.platform('bluesky')
  base = handle.base
  did = handle.world.people()[0]?.id ?? ''
})
afterEach(async () => {
  documents?.close()
  documents = undefined
  await running.close()
})

interface Proof {
  keys?: KeyPair
  accessToken?: string
  nonce?: string
  claims?: Record<string, unknown>
}

async function prove(method: string, url: string, { keys = key, accessToken, nonce, claims }: Proof) {
  const ath = accessToken && createHash('sha256').update(accessToken).digest('base64url')
  const all = {
    htm: method,
    htu: url,
    jti: randomUUID(),
    ...(ath && { ath }),
    ...(nonce && { nonce }),
    ...claims,
  }
  return new SignJWT(all)
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: await exportJWK(keys.publicKey) })
    .setIssuedAt()
    .sign(keys.privateKey)
}

async function send(method: string, path: string, form: Record<string, string> | null, proof: Proof) {
  const { accessToken } = proof
  const response = await fetch(`${base}${path}`, {
    method,
    headers: {
      dpop: await prove(method, `${base}${path.split('?')[0]}`, proof),
      ...(accessToken && { authorization: `DPoP ${accessToken}` }),
    },
    ...(form && { body: new URLSearchParams(form) }),
  })
  return { status: response.status, headers: response.headers, json: await response.json() } as Answer
}

/** Once more with the nonce that the server wants. */
async function ask(path: string, form: Record<string, string>, proof: Proof = {}) {
  const first = await send('POST', path, form, proof)
  if (first.json.error !== 'use_dpop_nonce') return first
  return send('POST', path, form, { ...proof, nonce: first.headers.get('dpop-nonce') ?? '' })
}

const push = (more: Record<string, string> = {}, proof: Proof = {}) =>
  ask(
    '/oauth/par',
    {
      client_id: loopbackId(),
      response_type: 'code',
      redirect_uri: redirectUri,
      scope,
      state: 'state-1',
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...more,
    },
    proof,
  )

const pageOf = (pushed: Answer, clientId = loopbackId()) =>
  `${base}/oauth/authorize?${new URLSearchParams({ client_id: clientId, request_uri: String(pushed.json.request_uri) })}`

async function codeFor(scopes?: string[]) {
  const back = await approve(pageOf(await push()), { personId: did, ...(scopes && { scopes }) })
  return new URL(back).searchParams.get('code') ?? ''
}

const exchange = (code: string, more: Record<string, string> = {}, proof: Proof = {}) =>
  ask(
    '/oauth/token',
    {
      grant_type: 'authorization_code',
      client_id: loopbackId(),
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      ...more,
    },
    proof,
  )

const connect = async (scopes?: string[]) => (await exchange(await codeFor(scopes))).json

const refresh = (refreshToken: unknown, more: Record<string, string> = {}, proof: Proof = {}) =>
  ask(
    '/oauth/token',
    {
      grant_type: 'refresh_token',
      client_id: loopbackId(),
      refresh_token: String(refreshToken),
      ...more,
    },
    proof,
  )

const nonce = async () => (await push()).headers.get('dpop-nonce') ?? ''
const getSession = async (accessToken: unknown, proof: Proof = {}) =>
  send('GET', '/xrpc/com.atproto.server.getSession', null, {
    accessToken: String(accessToken),
    nonce: await nonce(),
    ...proof,
  })

const refusal = ({ status, json }: Answer) => [status, json.error, json.error_description ?? json.message]

describe('the authorization server', () => {
  it('is found from the server of an account', async () => {
    const resource = await (await fetch(`${base}/.well-known/oauth-protected-resource`)).json()
    expect(resource).toMatchObject({ resource: base, authorization_servers: [base] })
    const metadata = await (await fetch(`${base}/.well-known/oauth-authorization-server`)).json()
    expect(metadata).toMatchObject({
      issuer: base,
      pushed_authorization_request_endpoint: `${base}/oauth/par`,
      require_pushed_authorization_requests: true,
      dpop_signing_alg_values_supported: ['ES256'],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
    })
  })

  it('wants a nonce first, and answers every request with the next one', async () => {
    const first = await send('POST', '/oauth/par', { client_id: loopbackId() }, {})
    expect(refusal(first)).toEqual([
      400,
      'use_dpop_nonce',
      'Authorization server requires nonce in DPoP proof',
    ])
    expect(first.headers.get('dpop-nonce')).not.toBeNull()
    handle.clock.advance(300)
    const late = await send('POST', '/oauth/par', {}, { nonce: first.headers.get('dpop-nonce') ?? '' })
    expect(late.json.error).toBe('use_dpop_nonce')
  })

  it('goes from PAR by consent to tokens that are bound to the key', async () => {
    const pushed = await push()
    expect(pushed).toMatchObject({
      status: 201,
      json: {
        request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:req-/),
        expires_in: 300,
      },
    })
    const back = new URL(await approve(pageOf(pushed), { personId: did }))
    expect(back.href.startsWith(redirectUri)).toBe(true)
    expect(Object.fromEntries(back.searchParams)).toEqual({
      iss: base,
      state: 'state-1',
      code: expect.stringMatching(/^cod-[0-9a-f]{64}$/),
    })
    const { json } = await exchange(back.searchParams.get('code') ?? '')
    expect(json).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.stringMatching(/^ref-[0-9a-f]{64}$/),
      token_type: 'DPoP',
      expires_in: 3600,
      scope,
      sub: did,
    })
    const session = await getSession(json.access_token)
    expect(session).toMatchObject({ status: 200, json: { did, handle: 'ada.test', active: true } })
    // Nobody allowed that.
    expect(session.json).not.toHaveProperty('email')
  })

  it('tells of a denial, and asks once for each request', async () => {
    const pushed = await push({ response_mode: 'fragment' })
    const back = new URL(await deny(pageOf(pushed)))
    expect(Object.fromEntries(new URLSearchParams(back.hash.slice(1)))).toEqual({
      iss: base,
      state: 'state-1',
      error: 'access_denied',
      error_description: 'The user rejected the request',
    })
    expect((await fetch(pageOf(pushed))).status).toBe(400)
    expect((await fetch(pageOf(await push(), 'http://localhost'))).status).toBe(400)
  })

  it.each<[string, string, Record<string, string>]>([
    ['invalid_scope', 'Scope "repo:*" is not declared in the client metadata', { scope: 'atproto repo:*' }],
    ['invalid_scope', 'The "atproto" scope is required', { scope: 'blob:image/*' }],
    [
      'invalid_request',
      'Invalid redirect_uri http://127.0.0.1:4477/',
      { redirect_uri: 'http://127.0.0.1:4477/' },
    ],
    [
      'invalid_request',
      'atproto requires use of "S256" code_challenge_method',
      { code_challenge_method: 'plain' },
    ],
    ['unsupported_response_type', 'Unsupported response_type "token"', { response_type: 'token' }],
  ])('refuses to ask: %s, %s', async (error, description, more) => {
    expect(refusal(await push(more))).toEqual([400, error, description])
  })

  it('does not ask for scopes that it does not understand', async () => {
    const asked = `${scope} nonsense rpc:*?aud=* rpc:com.atproto.repo.uploadBlob?aud=* include:app.bsky.authCreatePosts`
    const clientId = loopbackId(asked)
    const pushed = await push({ client_id: clientId, scope: asked })
    const back = await approve(pageOf(pushed, clientId), { personId: did })
    const code = new URL(back).searchParams.get('code') ?? ''
    const { json } = await exchange(code, { client_id: clientId })
    expect(json.scope).toBe(`${scope} rpc:com.atproto.repo.uploadBlob?aud=*`)
  })

  it('lets nobody in whose account is switched off', async () => {
    handle.world.setCondition(did, 'deactivated')
    const back = new URL(await approve(pageOf(await push()), { personId: did }))
    expect(back.searchParams.get('error_description')).toBe('This account has been deactivated')
    handle.world.setCondition(did, 'takendown')
    await expect(approve(pageOf(await push()), { personId: did })).rejects.toThrow('Invalid identifier')
  })
})

describe('tokens', () => {
  it('of a code come once, in time, for who asked; a second try ends them', async () => {
    const code = await codeFor()
    const { json } = await exchange(code)
    expect(refusal(await exchange(code))).toEqual([400, 'invalid_grant', 'Invalid code'])
    expect((await getSession(json.access_token)).status).toBe(401)

    const late = await codeFor()
    handle.clock.advance(60)
    expect(refusal(await exchange(late))).toEqual([400, 'invalid_grant', 'This code has expired'])
    const unproven = await exchange(await codeFor(), { code_verifier: 'w'.repeat(43) })
    expect(refusal(unproven)).toEqual([400, 'invalid_grant', 'Invalid code_verifier'])
    const stolen = await exchange(await codeFor(), {}, { keys: otherKey })
    expect(refusal(stolen)[2]).toBe('DPoP proof does not match the expected JKT')
  })

  it('rotate; a refresh token that is shown again ends the session', async () => {
    const first = await connect()
    const next = (await refresh(first.refresh_token)).json
    expect(next.refresh_token).not.toBe(first.refresh_token)
    expect((await getSession(next.access_token)).status).toBe(200)
    expect(refusal(await refresh(first.refresh_token))).toEqual([
      400,
      'invalid_grant',
      'Refresh token replayed',
    ])
    expect(refusal(await refresh(next.refresh_token))).toEqual([
      400,
      'invalid_grant',
      'Invalid refresh token',
    ])
    expect(refusal(await getSession(next.access_token))).toEqual([401, 'invalid_token', 'Invalid token'])
  })

  it('end the session when they are refreshed with another key or by another client', async () => {
    const one = await connect()
    expect((await refresh(one.refresh_token, {}, { keys: otherKey })).json.error).toBe('invalid_grant')
    expect((await refresh(one.refresh_token)).json.error).toBe('invalid_grant')
    const two = await connect()
    const other = await refresh(two.refresh_token, { client_id: loopbackId('atproto') })
    expect(refusal(other)[2]).toBe('Token was not issued to this client')
    expect((await refresh(two.refresh_token)).json.error).toBe('invalid_grant')
  })

  it('of a public client end after two weeks, however often they are refreshed', async () => {
    let { refresh_token: token } = await connect()
    for (let times = 0; times < 2; times++) {
      handle.clock.advance(6 * 86_400)
      token = (await refresh(token)).json.refresh_token
    }
    handle.clock.advance(3 * 86_400)
    expect(refusal(await refresh(token))).toEqual([400, 'invalid_grant', 'Session expired'])
  })

  it('are ended by either of them, by who has the key', async () => {
    const { access_token, refresh_token } = await connect()
    const revoke = (token: unknown, proof: Proof = {}) =>
      ask('/oauth/revoke', { client_id: loopbackId(), token: String(token) }, proof)
    expect((await revoke(refresh_token, { keys: otherKey })).status).toBe(200)
    expect((await getSession(access_token)).status).toBe(200)
    expect(await revoke(access_token)).toMatchObject({ status: 200, json: {} })
    expect((await refresh(refresh_token)).json.error).toBe('invalid_grant')
    expect((await revoke('unknown')).status).toBe(200)
  })

  it('end with a takedown for good, and when the owner disconnects the client', async () => {
    const one = await connect()
    handle.world.setCondition(did, 'takendown')
    handle.world.setCondition(did, 'active')
    expect((await refresh(one.refresh_token)).json.error).toBe('invalid_grant')
    const two = await connect()
    handle.platform.revokeAccess?.(handle.kit, did)
    expect((await getSession(two.access_token)).json.error).toBe('invalid_token')
  })
})

describe('requests for data', () => {
  it('need a fresh proof for the same key, place and token', async () => {
    const { access_token } = await connect()
    const withoutNonce = await getSession(access_token, { nonce: '' })
    expect(refusal(withoutNonce).slice(0, 2)).toEqual([401, 'use_dpop_nonce'])
    expect(withoutNonce.headers.get('www-authenticate')).toMatch(/^DPoP .*error="use_dpop_nonce"/)
    expect(withoutNonce.headers.get('dpop-nonce')).not.toBeNull()
    expect(refusal(await getSession(access_token, { keys: otherKey }))).toEqual([
      401,
      'invalid_token',
      'Invalid DPoP key binding',
    ])
    const wrong: Record<string, unknown>[] = [
      { htm: 'POST' },
      { htu: `${base}/x` },
      { ath: 'x' },
      { jti: 'once' },
    ]
    await getSession(access_token, { claims: { jti: 'once' } })
    for (const claims of wrong)
      expect((await getSession(access_token, { claims })).json.error).toBe('invalid_dpop_proof')
    const asBearer = await fetch(`${base}/xrpc/com.atproto.server.getSession`, {
      headers: { authorization: `Bearer ${access_token}` },
    })
    expect([asBearer.status, await asBearer.json()]).toMatchObject([400, { error: 'InvalidToken' }])
  })

  it('are refused where a scope is missing', async () => {
    const { access_token } = await connect(['atproto', 'repo:app.bsky.feed.post?action=create'])
    const call = async (nsid: string, body: string, type: string) => {
      const url = `${base}/xrpc/${nsid}`
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          authorization: `DPoP ${access_token}`,
          dpop: await prove('POST', url, { accessToken: String(access_token), nonce: await nonce() }),
          'content-type': type,
        },
        body,
      })
      return { status: response.status, headers: response.headers, json: await response.json() } as Answer
    }
    const record = { $type: 'app.bsky.feed.post', text: 'x', createdAt: '2026-11-22T03:00:00.000Z' }
    const body = JSON.stringify({
      repo: did,
      collection: 'app.bsky.feed.post',
      rkey: '3l2s5xxv5ek22',
      record,
    })
    const json = 'application/json'
    expect((await call('com.atproto.repo.createRecord', body, json)).status).toBe(200)
    expect(refusal(await call('com.atproto.repo.putRecord', body, json))).toEqual([
      403,
      'ScopeMissingError',
      'Missing required scope "repo:app.bsky.feed.post?action=update"',
    ])
    expect(refusal(await call('com.atproto.repo.deleteRecord', body, json))[1]).toBe('ScopeMissingError')
    expect(refusal(await call('com.atproto.repo.uploadBlob', 'x', 'image/png'))[2]).toBe(
      'Missing required scope "blob:image/png"',
    )
    const passwords = await call('com.atproto.server.revokeAppPassword', '{"name":"x"}', json)
    expect(passwords.status).toBe(403)
  })
})

describe('a client that is described by a document', () => {
  async function serveClient(change: Record<string, unknown> = {}) {
    const keys = await generateKeyPair('ES256', { extractable: true })
    const publicKeyOf = async ({ publicKey }: KeyPair, kid = 'key-1') => ({
      ...(await exportJWK(publicKey)),
      kid,
      alg: 'ES256',
      use: 'sig',
    })
    let published = [await publicKeyOf(keys)]
    let document: Record<string, unknown> = {}
    documents?.close()
    documents = createServer((request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(request.url === '/jwks.json' ? { keys: published } : document))
    })
    await new Promise<void>((resolve) => documents?.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(documents.address() as AddressInfo).port}`
    document = {
      client_id: `${origin}/client.json`,
      client_name: 'PostMCP of somebody',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: ['https://postmcp.example.org/callback'],
      scope,
      dpop_bound_access_tokens: true,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks_uri: `${origin}/jwks.json`,
      ...change,
    }
    const clientId = `${origin}/client.json`
    const publish = async (...pairs: [keys: KeyPair, kid: string][]) => {
      published = await Promise.all(pairs.map(([pair, kid]) => publicKeyOf(pair, kid)))
    }
    const authenticate = async (kid = 'key-1', { privateKey } = keys) => ({
      client_id: clientId,
      redirect_uri: 'https://postmcp.example.org/callback',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await new SignJWT({ jti: randomUUID() })
        .setProtectedHeader({ alg: 'ES256', kid })
        .setIssuer(clientId)
        .setSubject(clientId)
        .setAudience(base)
        .setIssuedAt()
        .sign(privateKey),
    })
    return { clientId, authenticate, publish, keys }
  }

  it('shows with each request that it has the key of its document', async () => {
    const { clientId, authenticate } = await serveClient()
    expect(refusal(await push({ client_id: clientId }))[1]).toBe('invalid_request')
    // The nonce is learned first: an assertion is good once.
    const proof = { nonce: await nonce() }
    const pushed = await push(await authenticate(), proof)
    const page = await (await fetch(pageOf(pushed, clientId))).text()
    expect(page).toContain('PostMCP of somebody')
    const code = new URL(await approve(pageOf(pushed, clientId), { personId: did })).searchParams.get('code')
    const shown = await authenticate()
    const { json } = await exchange(code ?? '', shown, proof)
    expect(json).toMatchObject({ sub: did, scope })
    expect(refusal(await refresh(json.refresh_token, shown, proof))[2]).toBe('private_key_jwt jti reused')
    handle.clock.advance(80 * 86_400)
    const later = { nonce: await nonce() }
    expect((await refresh(json.refresh_token, await authenticate(), later)).status).toBe(200)
    const unknown = await push(await authenticate('key-2'), later)
    expect(refusal(unknown)).toEqual([
      400,
      'invalid_client',
      'Validation of "client_assertion" failed: no applicable key found in the JSON Web Key Set',
    ])
  })

  async function connectClient() {
    const client = await serveClient()
    const proof = { nonce: await nonce() }
    const page = pageOf(await push(await client.authenticate(), proof), client.clientId)
    const code = new URL(await approve(page, { personId: did })).searchParams.get('code') ?? ''
    const { json } = await exchange(code, await client.authenticate(), proof)
    return { ...client, proof, json }
  }

  it('loses its session with another key, though the document names it, even under the same name', async () => {
    const other = [
      400,
      'invalid_grant',
      'The session was initiated with a different key than the client assertion currently used',
    ]
    const one = await connectClient()
    await one.publish([one.keys, 'key-1'], [otherKey, 'key-2'])
    const byOther = await one.authenticate('key-2', otherKey)
    expect(refusal(await refresh(one.json.refresh_token, byOther, one.proof))).toEqual(other)
    const own = await one.authenticate()
    expect((await refresh(one.json.refresh_token, own, one.proof)).json.error).toBe('invalid_grant')

    const two = await connectClient()
    await two.publish([otherKey, 'key-1'])
    const bySameName = await two.authenticate('key-1', otherKey)
    expect(refusal(await refresh(two.json.refresh_token, bySameName, two.proof))).toEqual(other)
  })

  it('hears that its session is ended although its key is unknown and nothing was', async () => {
    const { authenticate, publish, keys, proof, json } = await connectClient()
    const revoke = async () => {
      const form = { ...(await authenticate()), token: String(json.refresh_token) }
      return ask('/oauth/revoke', form, proof)
    }
    await publish([otherKey, 'key-2'])
    expect(await revoke()).toMatchObject({ status: 200, json: {} })
    expect((await getSession(json.access_token)).status).toBe(200)
    await publish([keys, 'key-1'])
    expect((await revoke()).status).toBe(200)
    expect((await getSession(json.access_token)).status).toBe(401)
  })

  it.each<[string, Record<string, unknown>]>([
    ['client_id does not match', { client_id: 'https://example.org/client.json' }],
    ['Missing "atproto" scope', { scope: 'repo:*' }],
    ['"dpop_bound_access_tokens" must be true', { dpop_bound_access_tokens: false }],
    ['private_key_jwt auth method requires jwks or jwks_uri', { jwks_uri: undefined }],
    [
      'Missing token_endpoint_auth_signing_alg client metadata',
      { token_endpoint_auth_signing_alg: undefined },
    ],
  ])('is refused when the document is wrong: %s', async (problem, change) => {
    const { clientId, authenticate } = await serveClient(change)
    expect(refusal(await push(await authenticate(), { nonce: await nonce() }))).toEqual([
      400,
      'invalid_client_metadata',
      `Unable to obtain client metadata for "${clientId}": ${problem}`,
    ])
  })

  it('is not looked for outside of this machine', async () => {
    for (const clientId of ['https://example.org/client.json', 'http://192.168.0.1/client.json', 'nonsense'])
      expect(refusal(await push({ client_id: clientId }))[2]).toContain('from 127.0.0.1 and [::1] only')
    const odd = await push({ client_id: 'http://localhost/app?scope=atproto' })
    expect(refusal(odd)[2]).toContain('must not contain a path')
  })
})
