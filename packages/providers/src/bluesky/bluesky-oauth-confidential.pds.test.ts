import { generateKeyPairSync } from 'node:crypto'
import {
  createHttpClient,
  type GrantAccess,
  type HttpRequest,
  type JsonObject,
  missingScopes,
  PlatformError,
  type ProviderContext,
  silentLogger,
} from '@postmcp/core'
import { createFakeClock, publishInputOf } from '@postmcp/core/testing'
import { type HttpsSite, startHttpsSite } from '@postmcp/tooling/test-servers/https-site'
import { startTestPds, type TestAccount, type TestPds } from '@postmcp/tooling/test-servers/pds'
import { jwtPayload, uploadBlob } from '@postmcp/tooling/test-servers/xrpc-calls'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { consent } from './fixtures/consent.js'
import { bluesky } from './index.js'
import { tokenOf } from './proof.js'
import { xrpc } from './xrpc.js'

vi.setConfig({ testTimeout: 30_000 })

const {
  authorize,
  exchange,
  refresh,
  verify,
  revoke,
  clientDocuments,
  startPublish,
  continuePublish,
  createDedupeKey,
  classifyError,
} = bluesky as Required<typeof bluesky>
const scopes = bluesky.manifest.scopes
  .filter(({ method, need }) => method === 'oauth2' && need === 'required')
  .map(({ name }) => name)

const newKey = (kid: string): JsonObject => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...(privateKey.export({ format: 'jwk' }) as JsonObject), kid }
}

let site: HttpsSite
let pds: TestPds
let client: ReturnType<typeof createHttpClient>
let requests: HttpRequest[] = []
/** What the site answers, by path, and what it was asked for. */
let documents: Record<string, JsonObject> = {}
let fetched: string[] = []

beforeAll(async () => {
  site = await startHttpsSite('postmcp.internal', (request, response) => {
    const path = request.url ?? ''
    fetched.push(path)
    const document = documents[path]
    response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(document ?? {}))
  })
  pds = await startTestPds({ sites: [site] })
  client = createHttpClient({
    allowedOrigins: [pds.url, pds.plcUrl],
    userAgent: 'postmcp-test',
    logger: silentLogger,
    timeoutMs: 10_000,
  })
}, 60_000)
beforeEach(() => {
  requests = []
  fetched = []
})
afterAll(async () => {
  await client?.close()
  await pds?.close()
  await site?.close()
})

/** An installation that has these keys, newest first. */
function installation(...keys: JsonObject[]): ProviderContext {
  const recording = (http: ProviderContext['http']): ProviderContext['http'] => ({
    request(request) {
      requests.push(request)
      return http.request(request)
    },
    within: (limits) => recording(http.within(limits)),
  })
  return {
    http: recording(client),
    clock: createFakeClock(),
    signal: new AbortController().signal,
    logger: silentLogger,
    endpoints: { resolver: pds.url, plc: pds.plcUrl, entryway: pds.url, web: 'https://bsky.app' },
    client: {
      id: '',
      secrets: keys.map((key) => JSON.stringify(key)),
      optionalScopes: [],
      values: {},
    },
    server: null,
    publicUrl: site.origin,
  }
}

/** Lets the site answer as this installation does, and the server look again. */
async function publishDocuments(ctx: ProviderContext) {
  const made = await clientDocuments(ctx)
  documents = Object.fromEntries(
    Object.entries(made).map(([name, document]) => [`/oauth/bluesky/${name}`, document]),
  )
  await forget()
}

/** It keeps what it has read for ten minutes, as long as it runs. */
const forget = () => pds.restart()

const begin = (ctx: ProviderContext, account: TestAccount) =>
  authorize(ctx, {
    fields: { identifier: account.handle },
    redirectUri: `${site.origin}/accounts/oauth/callback`,
    scopes,
    isReconnect: false,
  })

async function connect(ctx: ProviderContext) {
  const account = await pds.createAccount()
  const { authorizationUrl, flow } = await begin(ctx, account)
  const back = new URL(await consent(authorizationUrl, account))
  const redirectUri = back.origin + back.pathname
  const authorization = await exchange(ctx, { parameters: back.searchParams, flow, redirectUri })
  const access: GrantAccess = { authMethod: 'oauth2', ...authorization }
  return { account, back, access }
}

async function renewed(ctx: ProviderContext, access: GrantAccess): Promise<GrantAccess> {
  const { settings = access.settings, ...tokens } = await refresh(ctx, access, {})
  return { ...access, tokens, settings }
}

const caught = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => Promise.reject(new Error('It succeeded.')),
    (error: unknown) => error as Error,
  )

/** That our application is at fault: no account may suffer for it. */
async function expectOurFault(work: Promise<unknown>, platformCode: string, occasion: 'connect' | 'refresh') {
  const error = await caught(work)
  expect(error).toBeInstanceOf(PlatformError)
  expect(error).toMatchObject({ platformCode })
  expect(classifyError(error as PlatformError, occasion)).toEqual({ kind: 'client_invalid' })
}

const formsTo = (path: string) =>
  requests
    .filter(({ url }) => new URL(url).pathname === path)
    .map(({ body }) => Object.fromEntries(new URLSearchParams(String(body))))

const decode = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString()) as JsonObject

describe('connecting', () => {
  it('goes by the documents that the server fetches and the key that they name to tokens bound to both', async () => {
    const ctx = installation(newKey('only'))
    await publishDocuments(ctx)
    const { account, back, access } = await connect(ctx)
    expect(fetched).toEqual(['/oauth/bluesky/client-metadata.json', '/oauth/bluesky/jwks.json'])
    expect(back.origin + back.pathname).toBe('https://postmcp.internal/accounts/oauth/callback')
    expect(access).toMatchObject({
      subject: account.did,
      tokens: { proofKey: { kty: 'EC', crv: 'P-256', d: expect.any(String) } },
      settings: {
        pds: pds.url,
        issuer: pds.url,
        clientId: 'https://postmcp.internal/oauth/bluesky/client-metadata.json',
        signingKey: 'only',
      },
    })
    expect(missingScopes(bluesky.manifest, access.grantedScopes, 'oauth2')).toEqual([])

    for (const form of [formsTo('/oauth/par').at(-1), formsTo('/oauth/token').at(-1)]) {
      expect(form?.client_assertion_type).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
      const [header, claims] = (form?.client_assertion ?? '').split('.')
      expect(decode(header)).toEqual({ alg: 'ES256', kid: 'only' })
      const { client_id: clientId } = form ?? {}
      expect(decode(claims)).toMatchObject({ iss: clientId, sub: clientId, aud: pds.url })
    }
  })

  it('is refused with a key that the documents do not name, or another one under its name, before anybody is asked', async () => {
    await publishDocuments(installation(newKey('known')))
    const account = await pds.createAccount()
    for (const kid of ['unknown', 'known'])
      await expectOurFault(begin(installation(newKey(kid)), account), 'invalid_client', 'connect')
  })

  it('is refused where the documents cannot be read, or name no key', async () => {
    const ctx = installation(newKey('only'))
    await publishDocuments(ctx)
    const account = await pds.createAccount()
    const { '/oauth/bluesky/client-metadata.json': metadata = {} } = documents
    documents = { '/oauth/bluesky/client-metadata.json': metadata }
    await expectOurFault(begin(ctx, account), 'invalid_client_metadata', 'connect')
    documents['/oauth/bluesky/jwks.json'] = { keys: [] }
    await expectOurFault(begin(ctx, account), 'invalid_client', 'connect')
  })
})

it('was allowed the token with which the video service uploads for the account, and none for anything else', async () => {
  const ctx = installation(newKey('only'))
  await publishDocuments(ctx)
  const { account, access } = await connect(ctx)
  const ask = (lxm: string) =>
    xrpc(ctx, {
      service: pds.url,
      method: 'com.atproto.server.getServiceAuth',
      query: { aud: 'did:web:localhost', lxm },
      token: tokenOf(access),
      answer: z.object({ token: z.string() }),
    })
  const { token } = await ask('com.atproto.repo.uploadBlob')
  const uploaded = await uploadBlob(pds.url, token, new Uint8Array([1, 2, 3]), 'video/mp4')
  expect(uploaded).toMatchObject({ status: 200, blob: { mimeType: 'video/mp4', size: 3 } })
  expect(jwtPayload(token)).toMatchObject({ iss: account.did })
  expect(await caught(ask('app.bsky.video.getUploadLimits'))).toMatchObject({
    platformCode: 'ScopeMissingError',
    message: 'Missing required scope "rpc:app.bsky.video.getUploadLimits?aud=did:web:localhost"',
  })
})

describe('keeping', () => {
  it('refreshes, publishes once, and ends the session', async () => {
    const ctx = installation(newKey('only'))
    await publishDocuments(ctx)
    const { account, access: first } = await connect(ctx)
    const access = await renewed(ctx, first)
    expect(access.tokens.refreshToken).not.toBe(first.tokens.refreshToken)
    expect(access.settings).toEqual(first.settings)
    expect(formsTo('/oauth/token').at(-1)).toMatchObject({ client_assertion: expect.any(String) })
    expect(await verify(ctx, access)).toMatchObject({ status: 'active' })

    const input = publishInputOf({
      access,
      account: { targetId: access.subject, handle: account.handle, settings: {}, secrets: {} },
      content: { text: 'Hello from a confidential client' },
      dedupeKey: createDedupeKey(new Date()),
    })
    const step = await startPublish(ctx, input)
    if (step.type !== 'send') throw new Error('Nothing was prepared.')
    const done = await continuePublish(ctx, input, step.checkpoint)
    expect(await continuePublish(ctx, input, step.checkpoint)).toEqual(done)
    expect(await pds.listPosts(account.did)).toMatchObject([
      { value: { text: 'Hello from a confidential client' } },
    ])

    await revoke(ctx, access)
    const error = await caught(renewed(ctx, access))
    expect(error).toMatchObject({ platformCode: 'invalid_grant' })
    expect(classifyError(error as PlatformError, 'refresh')).toMatchObject({ kind: 'grant_lost' })
    expect(await caught(verify(ctx, access))).toBeInstanceOf(PlatformError)
  })

  it('goes on with the old key beside a new one, with which others are connected', async () => {
    const [old, young] = [newKey('old'), newKey('young')]
    await publishDocuments(installation(old))
    const { access: before } = await connect(installation(old))
    const both = installation(young, old)
    await publishDocuments(both)
    const kept = await renewed(both, before)
    expect(kept.settings).toMatchObject({ signingKey: 'old' })
    const { access: after } = await connect(both)
    expect(after.settings).toMatchObject({ signingKey: 'young' })

    const without = installation(young)
    await publishDocuments(without)
    expect(await caught(renewed(without, kept))).toMatchObject({ code: 'config_invalid' })
    const still = await renewed(without, after)
    expect(await verify(without, still)).toMatchObject({ status: 'active' })
  })

  it('is lost when another key of ours is used for it: which one it is has to be remembered', async () => {
    const [old, young] = [newKey('old'), newKey('young')]
    const both = installation(young, old)
    await publishDocuments(both)
    const { access } = await connect(installation(old, young))
    const confused = { ...access, settings: { ...access.settings, signingKey: 'young' } }
    for (const each of [confused, access]) {
      const error = await caught(renewed(both, each))
      expect(classifyError(error as PlatformError, 'refresh')).toMatchObject({ kind: 'grant_lost' })
    }
  })

  it('loses nothing while the server does not know our key or cannot read who we are', async () => {
    const ctx = installation(newKey('only'))
    await publishDocuments(ctx)
    const { access } = await connect(ctx)
    await publishDocuments(installation(newKey('other')))
    await expectOurFault(renewed(ctx, access), 'invalid_client', 'refresh')
    await forget()
    documents = {}
    await expectOurFault(renewed(ctx, access), 'invalid_client_metadata', 'refresh')
    expect(await verify(ctx, access)).toMatchObject({ status: 'active' })
    await publishDocuments(ctx)
    expect(await verify(ctx, await renewed(ctx, access))).toMatchObject({ status: 'active' })
  })

  it('cannot tell that a server which does not know our key has not ended what it says it has', async () => {
    const ctx = installation(newKey('only'))
    await publishDocuments(ctx)
    const { access } = await connect(ctx)
    await publishDocuments(installation(newKey('other')))
    await revoke(ctx, access)
    expect(await verify(ctx, access)).toMatchObject({ status: 'active' })
  })
})
