import {
  createHttpClient,
  type GrantAccess,
  type HttpRequest,
  missingScopes,
  PlatformError,
  type ProviderContext,
  type PublishInput,
  silentLogger,
} from '@postmcp/core'
import { createFakeClock, createSampleFiles, publishInputOf } from '@postmcp/core/testing'
import { type ProxiedTestPds, startTestPds, type TestAccount } from '@postmcp/tooling/test-servers/pds'
import { pngOf } from '@postmcp/tooling/test-servers/xrpc-calls'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { consent } from './fixtures/consent.js'
import { bluesky } from './index.js'

vi.setConfig({ testTimeout: 30_000 })

const {
  authorize,
  exchange,
  refresh,
  verify,
  listTargets,
  findPublished,
  deletePost,
  revoke,
  classifyError,
} = bluesky as Required<typeof bluesky>
const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const scopes = bluesky.manifest.scopes
  .filter(({ method, need }) => method === 'oauth2' && need === 'required')
  .map(({ name }) => name)

const forEver = { times: Number.POSITIVE_INFINITY }

let pds: ProxiedTestPds
let client: ReturnType<typeof createHttpClient>
let requests: HttpRequest[] = []

beforeAll(async () => {
  pds = await startTestPds({ withProxy: true })
  client = createHttpClient({
    allowedOrigins: [pds.url, pds.plcUrl],
    userAgent: 'postmcp-test',
    logger: silentLogger,
    timeoutMs: 10_000,
  })
}, 60_000)
afterEach(() => {
  pds.proxy.clearRules()
  pds.plcProxy.clearRules()
  requests = []
})
afterAll(async () => {
  await client?.close()
  await pds?.close()
})

function context(): ProviderContext {
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
    client: null,
    server: null,
    publicUrl: 'http://127.0.0.1:4477',
  }
}

const begin = (identifier: string, asked = scopes) =>
  authorize(context(), { fields: { identifier }, redirectUri, scopes: asked, isReconnect: false })

async function finish({ flow }: { flow: Record<string, string> }, back: string) {
  const authorization = await exchange(context(), {
    parameters: new URL(back).searchParams,
    flow,
    redirectUri,
  })
  const access: GrantAccess = { authMethod: 'oauth2', ...authorization }
  return { authorization, access }
}

async function connect(identifier?: (account: TestAccount) => string) {
  const account = await pds.createAccount()
  const begun = await begin(identifier?.(account) ?? account.handle)
  return { account, ...(await finish(begun, await consent(begun.authorizationUrl, account))) }
}

const renewed = async (access: GrantAccess): Promise<GrantAccess> => {
  const { settings = access.settings, ...tokens } = await refresh(context(), access, {})
  return { ...access, tokens, settings }
}

const caught = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => Promise.reject(new Error('It succeeded.')),
    (error: unknown) => error as Error,
  )

const target = (access: GrantAccess) => ({ targetId: access.subject, handle: '', settings: {}, secrets: {} })
const check = (access: GrantAccess) => verify(context(), access)

describe('connecting', () => {
  it('goes from the handle by PAR and consent to bound tokens of the account', async () => {
    const { account, access, authorization } = await connect()
    expect(authorization).toEqual({
      subject: account.did,
      tokens: {
        accessToken: expect.any(String),
        refreshToken: expect.any(String),
        accessTokenExpiresAt: expect.any(Date),
        grantedScopes: expect.arrayContaining(['atproto']),
        proofKey: expect.objectContaining({ kty: 'EC', crv: 'P-256', d: expect.any(String) }),
      },
      grantedScopes: expect.arrayContaining(['atproto']),
      settings: {
        pds: pds.url,
        issuer: pds.url,
        clientId: expect.stringMatching(/^http:\/\/localhost\?redirect_uri=/),
        signingKey: null,
      },
      secrets: {},
    })
    expect(missingScopes(bluesky.manifest, authorization.grantedScopes, 'oauth2')).toEqual([])
    expect(await listTargets(context(), access)).toMatchObject([
      { targetId: account.did, handle: account.handle },
    ])
  })

  it('sends what it asks by PAR, twice because of the nonce, and nothing but the reference by the browser', async () => {
    const account = await pds.createAccount()
    const { authorizationUrl, state, flow } = await begin(account.did)
    const pushed = requests.filter(({ url }) => String(url).endsWith('/oauth/par'))
    expect(pushed).toHaveLength(2)
    const form = new URLSearchParams(String(pushed[1]?.body))
    expect(Object.fromEntries(form)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: redirectUri,
      scope: scopes.join(' '),
      login_hint: account.did,
      state,
    })
    const url = new URL(authorizationUrl)
    expect([...url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
    expect(Object.keys(flow)).toEqual(['way'])
  })

  it('takes the address of a server, on which the person says who he is', async () => {
    const { account, authorization } = await connect(() => pds.url)
    expect(authorization.subject).toBe(account.did)
  })

  it('asks for all at once where the server knows no single rights', async () => {
    const account = await pds.createAccount()
    const begun = await begin(account.handle, ['atproto', 'repo:no.such..thing?x=y', 'nonsense'])
    expect(begun.authorizationUrl).toContain('request_uri')
    const asked = requests
      .filter(({ url }) => String(url).endsWith('/oauth/par'))
      .map(({ body }) => new URLSearchParams(String(body)).get('scope'))
    expect(asked.at(-1)).toBe('atproto transition:generic')
    const { authorization, access } = await finish(begun, await consent(begun.authorizationUrl, account))
    expect(missingScopes(bluesky.manifest, authorization.grantedScopes, 'oauth2')).toEqual([])
    expect(await check(access)).toMatchObject({ status: 'active' })
  })

  it('comes back with a denial that core reads', async () => {
    const account = await pds.createAccount()
    const { authorizationUrl, state } = await begin(account.handle)
    const back = new URL(await consent(authorizationUrl, { ...account, decision: 'deny' }))
    expect(Object.fromEntries(back.searchParams)).toMatchObject({
      error: 'access_denied',
      state,
      iss: pds.url,
    })
  })

  it('uses no answer of another server, and no code twice', async () => {
    const account = await pds.createAccount()
    const begun = await begin(account.handle)
    const back = await consent(begun.authorizationUrl, account)
    const foreign = new URL(back)
    foreign.searchParams.set('iss', 'https://evil.example.org')
    requests = []
    expect(await caught(finish(begun, foreign.href))).toMatchObject({ code: 'issuer_mismatch' })
    expect(requests).toEqual([])
    await finish(begun, back)
    const again = await caught(finish(begun, back))
    expect(again).toBeInstanceOf(PlatformError)
    expect(again).toMatchObject({ platformCode: 'invalid_grant' })
    expect(JSON.stringify(again) + again.stack).not.toContain(new URL(back).searchParams.get('code'))
  })

  it('refuses an e-mail address and a redirect by name before anything is sent', async () => {
    expect(await caught(begin('ada@mail.test'))).toMatchObject({ code: 'invalid_request' })
    const byName = authorize(context(), {
      fields: { identifier: 'ada.test' },
      redirectUri: 'http://localhost:4477/accounts/oauth/callback',
      scopes,
      isReconnect: false,
    })
    expect(await caught(byName)).toMatchObject({ code: 'redirect_uri_not_allowed' })
    expect(requests).toEqual([])
  })

  it('does not find a handle that nobody has', async () => {
    expect(await caught(begin('nobody-at-all.test'))).toMatchObject({ code: 'identity_not_found' })
  })
})

describe('keeping', () => {
  it('refreshes with rotation, and goes on with the new tokens', async () => {
    const { access } = await connect()
    const next = await renewed(access)
    expect(next.tokens.accessToken).not.toBe(access.tokens.accessToken)
    expect(next.tokens.refreshToken).not.toBe(access.tokens.refreshToken)
    expect(next.tokens.proofKey).toEqual(access.tokens.proofKey)
    expect(next.settings).toEqual(access.settings)
    expect(await check(next)).toMatchObject({ status: 'active' })
    expect(await check(await renewed(next))).toMatchObject({ status: 'active' })
  })

  it('loses the whole session when a refresh token is shown twice', async () => {
    const { access } = await connect()
    const next = await renewed(access)
    const error = await caught(renewed(access))
    expect(error).toMatchObject({ platformCode: 'invalid_grant' })
    expect(classifyError(error as PlatformError, 'refresh')).toEqual({
      kind: 'grant_lost',
      status: 'revoked',
      reason: 'token_revoked',
    })
    expect(await caught(renewed(next))).toMatchObject({ platformCode: 'invalid_grant' })
  })

  it('tells a refresh that never left from one that may have arrived', async () => {
    const { access } = await connect()
    pds.plcProxy.dropBefore(() => true, forEver)
    expect(await caught(renewed(access))).toMatchObject({ name: 'TransportError', arrived: 'no' })
    pds.plcProxy.clearRules()
    pds.proxy.dropAfter({ path: '/oauth/token' })
    expect(await caught(renewed(access))).toMatchObject({ name: 'TransportError', arrived: 'maybe' })
  })

  it('ends the session at the server, and counts one that is over as ended', async () => {
    const { access } = await connect()
    await revoke(context(), access)
    await revoke(context(), access)
    const error = await caught(renewed(access))
    expect(classifyError(error as PlatformError, 'refresh').kind).toBe('grant_lost')
    const late = await caught(check(access))
    expect(classifyError(late as PlatformError, 'verify').kind).toBe('access_token_expired')
  })

  it('says that it could not be ended where the server does not answer', async () => {
    const { access } = await connect()
    pds.proxy.dropBefore({ path: '/oauth/revoke' }, forEver)
    expect(await caught(revoke(context(), access))).toMatchObject({ name: 'TransportError' })
  })

  it('is no use without its key, or with another one', async () => {
    const { access } = await connect()
    const other = await connect()
    const stolen = { ...access, tokens: { ...access.tokens, proofKey: other.access.tokens.proofKey } }
    expect(await caught(check(stolen))).toBeInstanceOf(PlatformError)
    expect(await caught(renewed(stolen))).toBeInstanceOf(PlatformError)
  })
})

describe('status', () => {
  it('during a takedown says so, by every way of asking; the takedown has ended the session', async () => {
    const { account, access } = await connect()
    await pds.takedown(account)
    for (const asking of [check(access), renewed(access)]) {
      const error = await caught(asking)
      expect(classifyError(error as PlatformError, 'verify')).toEqual({
        kind: 'account_unusable',
        status: 'verification_failed',
        reason: 'account_taken_down',
      })
    }
    await pds.reverseTakedown(account)
    // A takedown deletes all sessions, whether or not anybody asks meanwhile.
    const after = await caught(renewed(access))
    expect(classifyError(after as PlatformError, 'refresh').kind).toBe('grant_lost')
  })

  it('of a deactivated account says so, and is active again once the owner activates it', async () => {
    const { account, access } = await connect()
    await pds.deactivate(account)
    expect(await check(access)).toMatchObject({
      status: 'verification_failed',
      reason: 'account_deactivated',
    })
    await pds.activate(account)
    expect(await check(access)).toMatchObject({ status: 'active' })
  })

  it('shows the handle as it is now', async () => {
    const { account, access } = await connect()
    const handle = account.handle.replace('user-', 'new-')
    await pds.changeHandle(account, handle)
    expect(await check(access)).toMatchObject({ status: 'active', target: { handle } })
  })

  it('of a deleted account says that it is not there', async () => {
    const { account, access } = await connect()
    await pds.deleteAccount(account)
    const error = await caught(renewed(access))
    expect(classifyError(error as PlatformError, 'refresh')).toMatchObject({ reason: 'account_not_found' })
  })
})

describe('publishing', () => {
  it('uploads, posts once, finds and deletes, with a proof in each request', async () => {
    const { account, access } = await connect()
    const bytes = pngOf(2000)
    const picture = await createSampleFiles().image(0, { altText: 'Noise', read: async () => bytes })
    const input: PublishInput = publishInputOf({
      access,
      account: target(access),
      content: { text: 'Hello by OAuth', media: [picture] },
      dedupeKey: bluesky.createDedupeKey?.(new Date()) ?? '',
      startedAt: new Date(),
    })
    const ctx = context()
    const step = await bluesky.startPublish?.(ctx, input)
    if (step?.type !== 'send') throw new Error('Nothing was prepared.')
    const uploads = requests.filter(({ url }) => String(url).includes('uploadBlob'))
    expect(uploads).toHaveLength(2)
    requests = []
    const done = await bluesky.continuePublish?.(ctx, input, step.checkpoint)
    // The nonce of the upload is used again.
    expect(requests.filter(({ url }) => String(url).includes('putRecord'))).toHaveLength(1)
    expect(requests[0]?.headers).toMatchObject({
      authorization: `DPoP ${access.tokens.accessToken}`,
      dpop: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    })
    expect(await bluesky.continuePublish?.(context(), input, step.checkpoint)).toEqual(done)
    expect(await pds.listPosts(account.did)).toHaveLength(1)
    expect(await findPublished(context(), { ...input, sentAt: new Date() }, step.checkpoint)).toEqual(done)
    if (done?.type !== 'done') throw new Error('It is not published.')
    await deletePost(context(), input, done.sent)
    expect(await pds.listPosts(account.did)).toEqual([])
  })
})
