import { createPublicKey, generateKeyPairSync, verify as verifySignature } from 'node:crypto'
import type { GrantAccess, HttpRequest, JsonObject, ProviderContext } from '@postmcp/core'
import { PlatformError } from '@postmcp/core'
import { describe, expect, it } from 'vitest'
import { type Canned, cannedContext, did, didDocument, pds } from './fixtures/context.js'
import { bluesky } from './index.js'
import { requestWithProof } from './proof.js'

const { authorize, exchange, refresh, revoke, clientDocuments } = bluesky as Required<typeof bluesky>
const issuer = 'https://auth.example.org'
const redirectUri = 'https://postmcp.example.org/accounts/oauth/callback'
const clientId = 'https://postmcp.example.org/oauth/bluesky/client-metadata.json'

const newKey = (): JsonObject => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ format: 'jwk' }) as JsonObject
}
const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Canned => ({
  status,
  body,
  headers: { 'content-type': 'application/json', ...headers },
})

const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/oauth/authorize`,
  token_endpoint: `${issuer}/oauth/token`,
  pushed_authorization_request_endpoint: `${issuer}/oauth/par`,
  revocation_endpoint: `${issuer}/oauth/revoke`,
  require_pushed_authorization_requests: true,
  response_types_supported: ['code'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
  token_endpoint_auth_signing_alg_values_supported: ['ES256'],
  scopes_supported: ['atproto'],
  authorization_response_iss_parameter_supported: true,
  dpop_signing_alg_values_supported: ['ES256'],
  client_id_metadata_document_supported: true,
}
const tokens = (number: number) => ({
  access_token: `access-${number}-abcdef`,
  refresh_token: `refresh-${number}-abcdef`,
  token_type: 'DPoP',
  expires_in: 3600,
  scope: 'atproto transition:generic',
  sub: did,
})

type Answers = Parameters<typeof cannedContext>[0]

/** An account whose server leaves authorization to another one. */
function world(keys: JsonObject[], more: Answers = {}) {
  let issued = 0
  const canned = cannedContext({
    'com.atproto.identity.resolveHandle': json({ did }),
    [`plc.example.org/${did}`]: json(didDocument()),
    [`plc.example.org/${encodeURIComponent(did)}`]: json(didDocument()),
    'pds.example.org/.well-known/oauth-protected-resource': json({
      resource: pds,
      authorization_servers: [issuer],
    }),
    'auth.example.org/.well-known/oauth-authorization-server': json(metadata),
    'auth.example.org/oauth/par': json({ request_uri: 'urn:request:1', expires_in: 300 }, 201),
    'auth.example.org/oauth/token': () => json(tokens(++issued)),
    'auth.example.org/oauth/revoke': json({}),
    ...more,
  })
  const client = {
    id: clientId,
    secrets: keys.map((key) => JSON.stringify(key)),
    optionalScopes: [],
    values: {},
  }
  const ctx: ProviderContext = { ...canned.ctx, client: keys.length > 0 ? client : null }
  const formsTo = (path: string) =>
    canned.requests
      .filter(({ url }) => new URL(url).pathname === path)
      .map(({ body }) => Object.fromEntries(new URLSearchParams(String(body))))
  return { ctx, formsTo, requests: canned.requests }
}

const begin = (ctx: ProviderContext, uri = redirectUri) =>
  authorize(ctx, {
    fields: { identifier: 'anna.example.org' },
    redirectUri: uri,
    scopes: ['atproto', 'repo:app.bsky.feed.post'],
    isReconnect: false,
  })

async function connect(made: ReturnType<typeof world>): Promise<GrantAccess> {
  const { flow, state } = await begin(made.ctx)
  const parameters = new URLSearchParams({ code: 'the-code-123', state, iss: issuer })
  const authorization = await exchange(made.ctx, { parameters, flow, redirectUri })
  return { authMethod: 'oauth2', ...authorization }
}

const caught = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => Promise.reject(new Error('It succeeded.')),
    (error: unknown) => error as Error,
  )

/** The parts of a JWT, once its signature has been held against the key. */
function readJwt(jwt: string, key: JsonObject) {
  const [header = '', payload = '', signature = ''] = jwt.split('.')
  const { kty = '', crv = '', x = '', y = '' } = key as Record<string, string>
  const publicKey = createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' })
  const isGood = verifySignature(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    { key: publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
  expect(isGood).toBe(true)
  const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as JsonObject
  return { header: decode(header), payload: decode(payload) }
}

describe('the documents that describe us', () => {
  it('make a confidential client of an installation with a signing key, and show only its public half', async () => {
    const key = { ...newKey(), kid: 'newest' }
    const older = newKey()
    const documents = await clientDocuments(world([key, older]).ctx)
    expect(documents['client-metadata.json']).toEqual({
      client_id: clientId,
      client_name: 'PostMCP',
      client_uri: 'https://postmcp.example.org',
      application_type: 'web',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: [redirectUri],
      scope:
        'atproto repo:app.bsky.feed.post blob:image/* blob:video/* rpc:com.atproto.repo.uploadBlob?aud=* transition:generic',
      dpop_bound_access_tokens: true,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks_uri: 'https://postmcp.example.org/oauth/bluesky/jwks.json',
    })
    const { keys } = documents['jwks.json'] as unknown as { keys: JsonObject[] }
    expect(keys.map(({ kid }) => kid)).toEqual(['newest', expect.stringMatching(/^[\w-]{43}$/)])
    expect(JSON.stringify(documents)).not.toContain('"d"')
  })

  it('make a public client of one without', async () => {
    const documents = await clientDocuments(world([]).ctx)
    expect(Object.keys(documents)).toEqual(['client-metadata.json'])
    expect(documents['client-metadata.json']).toMatchObject({ token_endpoint_auth_method: 'none' })
  })

  it('are not needed on this machine, and not possible where nobody can read them', async () => {
    const { ctx } = world([])
    expect(await clientDocuments({ ...ctx, publicUrl: 'http://127.0.0.1:4477' })).toEqual({})
    for (const publicUrl of ['http://postmcp.example.org', 'https://postmcp.example.org:8443']) {
      expect(await caught(clientDocuments({ ...ctx, publicUrl }))).toMatchObject({
        code: 'public_url_required',
      })
    }
  })

  it('are not made with a key that is none', async () => {
    for (const secret of [
      'hunter2-hunter2',
      '{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"secretsecret"}',
    ]) {
      const { ctx } = world([])
      const client = { id: clientId, secrets: [secret], optionalScopes: [], values: {} }
      const error = await caught(clientDocuments({ ...ctx, client }))
      expect(error).toMatchObject({ code: 'config_invalid' })
      expect(error.cause).toBeUndefined()
      expect(error.message).not.toContain('secret')
    }
  })
})

describe('a confidential client', () => {
  it('signs who it is with the key that its document shows, in every request to the server', async () => {
    const key = { ...newKey(), kid: 'k1' }
    const made = world([key])
    const access = await connect(made)
    expect(access).toMatchObject({
      subject: did,
      settings: { pds, issuer, clientId, signingKey: 'k1' },
      tokens: { accessToken: 'access-1-abcdef', grantedScopes: ['atproto', 'transition:generic'] },
    })
    const renewed = await refresh(made.ctx, access, {})
    expect(renewed).toMatchObject({
      accessToken: 'access-2-abcdef',
      refreshToken: 'refresh-2-abcdef',
      proofKey: access.tokens.proofKey,
    })
    await revoke(made.ctx, access)
    const forms = ['/oauth/par', '/oauth/token', '/oauth/revoke'].flatMap(made.formsTo)
    expect(forms).toHaveLength(4)
    for (const form of forms) {
      expect(form).toMatchObject({
        client_id: clientId,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      })
      const { header, payload } = readJwt(form.client_assertion ?? '', key)
      expect(header).toMatchObject({ alg: 'ES256', kid: 'k1' })
      expect(payload).toMatchObject({ iss: clientId, sub: clientId, aud: issuer })
    }
    expect(forms[3]).toMatchObject({ token: 'refresh-1-abcdef' })
  })

  it('goes on with the key its session is bound to while a newer one is there, and not without it', async () => {
    const older = { ...newKey(), kid: 'older' }
    const access = await connect(world([older]))
    const newer = { ...newKey(), kid: 'newer' }
    const rotated = world([newer, older])
    expect((await connect(rotated)).settings.signingKey).toBe('newer')
    await refresh(rotated.ctx, access, {})
    const form = rotated.formsTo('/oauth/token').at(-1)
    expect(readJwt(form?.client_assertion ?? '', older).header).toMatchObject({ kid: 'older' })
    const error = await caught(refresh(world([newer]).ctx, access, {}))
    expect(error).toMatchObject({ code: 'config_invalid' })
  })

  it('is another one at another address, and says so instead of using up the refresh token', async () => {
    const made = world([{ ...newKey(), kid: 'k1' }])
    const access = await connect(made)
    const moved = { ...made.ctx, publicUrl: 'https://elsewhere.example.org' }
    expect(await caught(refresh(moved, access, {}))).toMatchObject({ code: 'config_invalid' })
    expect(made.formsTo('/oauth/token')).toHaveLength(1)
  })

  it('sends people back to its own address only', async () => {
    const { ctx, requests } = world([])
    expect(await caught(begin(ctx, 'http://127.0.0.1:4477/accounts/oauth/callback'))).toMatchObject({
      code: 'redirect_uri_not_allowed',
    })
    expect(requests).toEqual([])
  })
})

describe('a server that refuses', () => {
  const failing = (answer: Canned) => world([], { 'auth.example.org/oauth/token': answer })
  const refused = async (answer: Canned) => {
    const access = await connect(world([]))
    return caught(refresh(failing(answer).ctx, access, {}))
  }

  it.each([
    ['invalid_grant', 400, { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }],
    ['invalid_client', 401, { kind: 'client_invalid' }],
    ['invalid_client_metadata', 400, { kind: 'client_invalid' }],
    ['something_new', 400, { kind: 'unavailable' }],
    ['server_error', 500, { kind: 'unavailable' }],
  ])('with %s is understood', async (code, status, classification) => {
    const access = await connect(world([]))
    const { ctx } = world([], {
      'auth.example.org/oauth/token': json({ error: code, error_description: 'Why' }, status),
      'com.atproto.sync.getRepoStatus': json({ did, active: true }),
    })
    const error = await caught(refresh(ctx, access, {}))
    expect(error).toBeInstanceOf(PlatformError)
    expect(error).toMatchObject({ platformCode: code, message: 'Why' })
    expect(bluesky.classifyError(error as PlatformError, 'refresh')).toEqual(classification)
  })

  it('because it is busy says when to come back', async () => {
    const error = await refused(json({ error: 'slow' }, 429, { 'retry-after': '60' }))
    expect(error).toMatchObject({ status: 429, retryAfter: new Date('2026-11-22T12:01:00.000Z') })
    expect(bluesky.classifyError(error as PlatformError, 'refresh')).toEqual({ kind: 'rate_limited' })
  })

  it('with a web page is called what it is', async () => {
    expect(
      await refused({ status: 200, body: '<p>Hello', headers: { 'content-type': 'text/html' } }),
    ).toMatchObject({
      name: 'MalformedResponseError',
    })
  })

  it('and repeats what it was sent does not get it into an error', async () => {
    const key = { ...newKey(), kid: 'k1' }
    const access = await connect(world([key]))
    const repeating = world([key], {
      'auth.example.org/oauth/token': ({ body }: HttpRequest) =>
        json(
          { error: 'weird', error_description: new URLSearchParams(String(body)).get('refresh_token') },
          400,
        ),
    })
    const error = await caught(refresh(repeating.ctx, access, {}))
    expect(error.message).toBe('[hidden]')
    expect(error.cause).toBeUndefined()
  })

  it('to speak for an account that somebody else looks after is not believed', async () => {
    const access = await connect(world([]))
    const elsewhere = world([], {
      'pds.example.org/.well-known/oauth-protected-resource': json({
        resource: pds,
        authorization_servers: ['https://other.example.org'],
      }),
      'other.example.org/.well-known/oauth-authorization-server': json({
        ...metadata,
        issuer: 'https://other.example.org',
      }),
    })
    const error = await caught(refresh(elsewhere.ctx, access, {}))
    expect(bluesky.classifyError(error as PlatformError, 'refresh')).toMatchObject({
      kind: 'account_unusable',
      status: 'verification_failed',
    })
    expect(elsewhere.formsTo('/oauth/token')).toEqual([])
  })

  it('to end a session is heard', async () => {
    const access = await connect(world([]))
    const { ctx } = world([], { 'auth.example.org/oauth/revoke': json({ error: 'server_error' }, 500) })
    expect(await caught(revoke(ctx, access))).toMatchObject({ name: 'PlatformError', status: 500 })
  })
})

describe('a proof', () => {
  it('names method, address without query, token and nonce, and is signed with the key of the token', async () => {
    const proofKey = newKey()
    let asked = 0
    const { ctx, requests } = cannedContext({
      getSession: () =>
        asked++ === 0
          ? json({ error: 'use_dpop_nonce' }, 401, {
              'dpop-nonce': 'n1',
              'www-authenticate': 'DPoP error="use_dpop_nonce"',
            })
          : json({}, 200, { 'dpop-nonce': 'n2' }),
    })
    const request = { method: 'GET' as const, url: `${pds}/xrpc/getSession?a=b` }
    await requestWithProof(ctx, request, { token: 'the-token', proofKey })
    await requestWithProof(ctx, request, { token: 'the-token', proofKey })
    const proofs = requests.map(({ headers }) => readJwt(headers?.dpop ?? '', proofKey))
    expect(proofs.map(({ payload }) => payload.nonce)).toEqual([undefined, 'n1', 'n2'])
    expect(proofs[1]).toEqual({
      header: {
        typ: 'dpop+jwt',
        alg: 'ES256',
        jwk: { kty: 'EC', crv: 'P-256', x: proofKey.x, y: proofKey.y },
      },
      payload: {
        jti: expect.any(String),
        htm: 'GET',
        htu: `${pds}/xrpc/getSession`,
        iat: expect.any(Number),
        ath: 'wqc_z2HfvcrceaELozCy7162b8Cmc17Wm3lrs8l7l64',
        nonce: 'n1',
      },
    })
    expect(new Set(proofs.map(({ payload }) => payload.jti)).size).toBe(3)
  })
})
