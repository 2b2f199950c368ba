import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createHttpClient, type HttpClient, type HttpRequest } from '../http/http-client.js'
import { silentLogger, systemClock } from '../model/ambient.js'
import type { TokenSet } from '../model/grant.js'
import type { AppClient, ProviderContext } from '../provider/context.js'
import { readHookFailure } from '../provider/hook-failure.js'
import type { Manifest } from '../provider/manifest.js'
import { PlatformError } from '../provider/platform-error.js'
import { type Authorization, defineProvider, type GrantAccess, type Provider } from '../provider/provider.js'
import { ConsentBrowser } from '../testing/consent-browser.js'
import { type OidcServer, startOidcServer } from '../testing/oidc-server.js'
import { secretsIn } from '../testing/secrets.js'
import { beginAuthorization, finishAuthorization, type PendingAuthorization } from './authorize.js'
import { renewTokens, revokeAuthorization } from './renew.js'
import { askTokenEndpoint, toClientRequest } from './token-endpoint.js'
import { classifyTokenError } from './token-error.js'

type Authentication = 'client_secret_basic' | 'client_secret_post' | 'none'

/** Every character that form-encoding, Basic authentication or a URL could mistake for its own. */
const reservedSecret = 'a:b%3Ac+d e&f=g/h?i#j"k\'l~m!n*o(p)q;r,s@t$u[v]w{x}y|z^`<>\\%'
const redirectUri = 'http://127.0.0.1:4400/accounts/oauth/callback'

const clientOf = (method: Authentication) => ({
  client_id: `postmcp ${method}: 100%+`,
  ...(method !== 'none' && { client_secret: reservedSecret }),
  token_endpoint_auth_method: method,
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: [redirectUri],
})

const manifestOf = (clientAuthentication: Authentication): Manifest => ({
  id: 'certified',
  name: 'Certified',
  checkedOn: '2026-11-22',
  sources: ['https://github.com/panva/node-oidc-provider'],
  connect: {
    oauth2: {
      instructions: 'Consent.',
      helpUrl: 'https://example.org/help',
      fields: [],
      client: 'configured',
      authorizationUrl: '{server}/auth',
      tokenUrl: '{server}/token',
      revocationUrl: '{server}/token/revocation',
      pkce: 'S256',
      clientAuthentication,
      tokenRequest: 'form',
      parameterNames: { clientId: 'client_id', clientSecret: 'client_secret', scope: 'scope' },
      scopeSeparator: ' ',
      // OpenID Connect gives a refresh token only to who asks for it on a page of its own.
      authorizationParameters: { prompt: 'consent' },
      reconnectParameters: {},
      scopeGrant: 'replace',
      redirect: 'loopback_ok',
      issuer: '{server}',
    },
    listsAllTargets: true,
    targetKinds: ['profile'],
  },
  app: {
    registrationUrl: 'https://example.org/apps',
    fields: [{ name: 'clientId', label: 'Client ID', description: 'The id.', secret: false, required: true }],
  },
  endpoints: { server: { url: 'https://op.example.org', description: 'Everything.' } },
  scopes: [
    { name: 'openid', need: 'required', why: 'To know who you are.' },
    { name: 'offline_access', need: 'required', why: 'To publish while you are away.' },
  ],
  tokens: {
    refresh: 'rotating',
    replay: 'single_use',
    refreshAheadSeconds: 60,
    verifyBy: 'call',
    revocationScope: 'token',
    neededToPublish: true,
  },
  publish: {
    dedupe: null,
    reconcile: 'never',
    remainingRisk: '',
    canDelete: false,
    limits: { text: [{ unit: 'graphemes', max: 300 }], textOnly: true },
  },
  rateLimits: [],
  links: { revokeAccess: 'https://example.org/revoke', createCredential: 'https://example.org/apps' },
})

const providerOf = (method: Authentication): Provider =>
  defineProvider<Provider>({
    manifest: manifestOf(method),
    async identify(ctx, { tokens, requestedScopes }) {
      const { json } = await ctx.http.request({
        method: 'GET',
        url: `${ctx.endpoints.server}/me`,
        headers: { authorization: `Bearer ${tokens.accessToken}` },
      })
      const { sub } = json as { sub: string }
      return {
        subject: sub,
        tokens,
        grantedScopes: tokens.grantedScopes ?? requestedScopes,
        settings: {},
        secrets: {},
      }
    },
    listTargets: async () => [],
    verify: async () => ({ status: 'active', reason: null, platformCode: null }),
    classifyError: (error, occasion) => classifyTokenError(error, occasion) ?? { kind: 'unavailable' },
  })

let server: OidcServer
let network: ReturnType<typeof createHttpClient>
/** What reached the token endpoint. */
let tokenRequests: HttpRequest[]

beforeAll(async () => {
  // It warns that its pages are for development only, which is what they are used for.
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  vi.spyOn(console, 'info').mockImplementation(() => {})
  server = await startOidcServer(
    (['client_secret_basic', 'client_secret_post', 'none'] as const).map(clientOf),
  )
  network = createHttpClient({
    userAgent: 'postmcp-test',
    logger: silentLogger,
    allowedOrigins: [server.issuer],
  })
})
afterAll(async () => {
  await network.close()
  await server.close()
})
beforeEach(() => {
  tokenRequests = []
})

interface World {
  ctx: ProviderContext
  provider: Provider
  begin(): Promise<PendingAuthorization>
  /** From nothing to tokens. */
  authorize(): Promise<Authorization>
  renew(tokens: TokenSet, by?: ProviderContext): Promise<TokenSet>
  revoke(tokens: TokenSet): Promise<void>
  /** The same with other client secrets, newest first. */
  withSecrets(secrets: string[]): ProviderContext
}

function createWorld(method: Authentication = 'client_secret_basic'): World {
  const provider = providerOf(method)
  const http: HttpClient = {
    request(request) {
      if (String(request.url).endsWith('/token')) tokenRequests.push(request)
      return network.request(request)
    },
    within: () => http,
  }
  const client: AppClient = {
    id: clientOf(method).client_id,
    secrets: method === 'none' ? [] : [reservedSecret],
    optionalScopes: [],
    values: {},
  }
  const ctx: ProviderContext = {
    http,
    clock: systemClock,
    signal: new AbortController().signal,
    logger: silentLogger,
    endpoints: { server: server.issuer },
    client,
    server: null,
    publicUrl: 'http://127.0.0.1:4400',
  }
  const accessOf = (tokens: TokenSet): GrantAccess => ({
    authMethod: 'oauth2',
    subject: 'ann',
    grantedScopes: [],
    settings: {},
    tokens,
  })
  const begin = () => beginAuthorization(ctx, provider, { fields: {}, redirectUri, isReconnect: false }, null)
  return {
    ctx,
    provider,
    begin,
    async authorize() {
      const pending = await begin()
      return finishAuthorization(ctx, provider, pending, await comeBack(pending))
    },
    renew: (tokens, by = ctx) => renewTokens(by, provider, accessOf(tokens), {}),
    revoke: (tokens) => revokeAuthorization(ctx, provider, accessOf(tokens)),
    withSecrets: (secrets) => ({ ...ctx, client: { ...client, secrets } }),
  }
}

/** What the browser brings back. */
async function comeBack(
  { authorizationUrl }: Pick<PendingAuthorization, 'authorizationUrl'>,
  decision?: 'consent' | 'deny',
): Promise<URLSearchParams> {
  return (await new ConsentBrowser().authorize(authorizationUrl, 'ann', decision)).searchParams
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

/** The token as it must be there for the test to go on. */
function refreshTokenOf({ refreshToken }: TokenSet): string {
  if (refreshToken === undefined) throw new Error('There is no refresh token.')
  return refreshToken
}

describe('an authorization', () => {
  it('gives tokens that work, with state, issuer and PKCE as the server wants them', async () => {
    const { ctx, provider, begin } = createWorld()
    const pending = await begin()
    const parameters = await comeBack(pending)
    expect(parameters.get('state')).toBe(pending.state)
    expect(parameters.get('iss')).toBe(server.issuer)
    const { subject, tokens, grantedScopes } = await finishAuthorization(ctx, provider, pending, parameters)
    expect(subject).toBe('ann')
    expect(grantedScopes.toSorted()).toEqual(['offline_access', 'openid'])
    const lives = (tokens.accessTokenExpiresAt?.getTime() ?? 0) - Date.now()
    expect(lives).toBeGreaterThan(3_500_000)
    expect(await server.isActive(tokens.accessToken)).toBe(true)
    expect(await server.isActive(refreshTokenOf(tokens))).toBe(true)
  })

  it('is refused by the server without PKCE', async () => {
    const { ctx, provider, begin } = createWorld()
    const pending = await begin()
    const address = new URL(pending.authorizationUrl)
    address.searchParams.delete('code_challenge')
    address.searchParams.delete('code_challenge_method')
    const parameters = await comeBack({ authorizationUrl: address.href })
    await expect(finishAuthorization(ctx, provider, pending, parameters)).rejects.toMatchObject({
      code: 'authorization_failed',
      platformCode: 'invalid_request',
    })
    expect(tokenRequests).toEqual([])
  })

  it('is refused by the server with another verifier or none', async () => {
    const { ctx, provider, begin } = createWorld()
    for (const flow of [{ codeVerifier: 'v'.repeat(43) }, {}]) {
      const pending = await begin()
      const parameters = await comeBack(pending)
      const error = await failureOf(finishAuthorization(ctx, provider, { ...pending, flow }, parameters))
      expect(error).toMatchObject({ platformCode: 'invalid_grant' })
      expect(readHookFailure(provider, error, 'callback').classification).toEqual({ kind: 'refused' })
    }
  })

  it('is not used when it comes from another issuer, from none, or from two', async () => {
    const { ctx, provider, begin } = createWorld()
    const pending = await begin()
    const parameters = await comeBack(pending)
    const tampered = [
      (query: URLSearchParams) => query.set('iss', 'https://attacker.example.org'),
      (query: URLSearchParams) => query.set('iss', `${server.issuer}/`),
      (query: URLSearchParams) => query.delete('iss'),
      (query: URLSearchParams) => query.append('iss', 'https://attacker.example.org'),
    ]
    for (const tamper of tampered) {
      const query = new URLSearchParams(parameters)
      tamper(query)
      const code = query.getAll('iss').length === 2 ? 'authorization_failed' : 'issuer_mismatch'
      await expect(finishAuthorization(ctx, provider, pending, query)).rejects.toMatchObject({ code })
    }
    expect(tokenRequests).toEqual([])
    // The code never left, so it is still good.
    expect(await finishAuthorization(ctx, provider, pending, parameters)).toMatchObject({ subject: 'ann' })
  })

  it('that the person denied is told as that, and nothing is asked of the server', async () => {
    const { ctx, provider, begin } = createWorld()
    const pending = await begin()
    const parameters = await comeBack(pending, 'deny')
    await expect(finishAuthorization(ctx, provider, pending, parameters)).rejects.toMatchObject({
      code: 'authorization_denied',
      platformCode: 'access_denied',
    })
    expect(tokenRequests).toEqual([])
  })

  it('whose code is used twice ends what the first use brought', async () => {
    const { ctx, provider, begin, renew } = createWorld()
    const pending = await begin()
    const parameters = await comeBack(pending)
    const { tokens } = await finishAuthorization(ctx, provider, pending, parameters)
    const replay = await failureOf(finishAuthorization(ctx, provider, pending, parameters))
    expect(replay).toMatchObject({ platformCode: 'invalid_grant' })
    expect(await server.isActive(tokens.accessToken)).toBe(false)
    expect(await server.isActive(refreshTokenOf(tokens))).toBe(false)
    expect(readHookFailure(provider, await failureOf(renew(tokens)), 'refresh').classification).toEqual({
      kind: 'grant_lost',
      status: 'revoked',
      reason: 'token_revoked',
    })
  })
})

describe.each(['client_secret_basic', 'client_secret_post', 'none'] as const)(
  'a client with %s',
  (method) => {
    it('is known to the server in all it asks, whatever characters its id and secret have', async () => {
      const { authorize, renew, revoke } = createWorld(method)
      const { tokens } = await authorize()
      const renewed = await renew(tokens)
      expect(await server.isActive(renewed.accessToken)).toBe(true)
      await revoke(renewed)
      expect(await server.isActive(refreshTokenOf(renewed))).toBe(false)
    })
  },
)

describe.each(['client_secret_basic', 'client_secret_post'] as const)('a wrong secret with %s', (method) => {
  it('is the fault of the client and not of the grant, and does not show in the error', async () => {
    const { provider, authorize, renew, withSecrets } = createWorld(method)
    const { tokens } = await authorize()
    const wrong = `${reservedSecret}x`
    const error = await failureOf(renew(tokens, withSecrets([wrong])))
    expect(error).toBeInstanceOf(PlatformError)
    expect(error).toMatchObject({ status: 401, platformCode: 'invalid_client' })
    expect(readHookFailure(provider, error, 'refresh').classification).toEqual({ kind: 'client_invalid' })
    const secrets = new Map([
      ['secret', wrong],
      ['refresh token', refreshTokenOf(tokens)],
    ])
    expect(secretsIn(error, secrets)).toEqual([])
    expect(await server.isActive(refreshTokenOf(tokens))).toBe(true)
  })
})

it('a secret outside of ASCII is sent as RFC 6749 says, and this server says that it takes none', async () => {
  const { ctx, provider, authorize, renew, withSecrets } = createWorld()
  const { tokens } = await authorize()
  const secret = 'pässwörd: 100 % 鍵'
  const error = await failureOf(renew(tokens, withSecrets([secret])))
  expect(error).toMatchObject({ status: 400, platformCode: 'invalid_request' })
  const oauth2 = provider.manifest.connect.oauth2
  if (!oauth2 || !ctx.client) throw new Error('This provider has OAuth and a client.')
  const request = toClientRequest(oauth2, `${server.issuer}/token`, ctx.client, secret, {})
  const sent = Buffer.from(request.headers?.authorization?.split(' ')[1] ?? '', 'base64').toString('latin1')
  expect(sent.split(':')).toHaveLength(2)
  const decoded = sent.split(':').map((part) => decodeURIComponent(part.replaceAll('+', ' ')))
  expect(decoded).toEqual([ctx.client.id, secret])
})

describe('two client secrets at once', () => {
  it('are tried one after the other for a refresh, newest first', async () => {
    const { authorize, renew, withSecrets } = createWorld()
    const { tokens } = await authorize()
    tokenRequests = []
    const renewed = await renew(tokens, withSecrets(['the new one, not yet in force', reservedSecret]))
    expect(await server.isActive(renewed.accessToken)).toBe(true)
    expect(tokenRequests).toHaveLength(2)
    await renew(renewed, withSecrets([reservedSecret, 'the old one']))
    expect(tokenRequests).toHaveLength(3)
  })

  it('are no reason to send a code twice', async () => {
    const { provider, begin, withSecrets } = createWorld()
    const pending = await begin()
    const parameters = await comeBack(pending)
    const ctx = withSecrets(['the new one, not yet in force', reservedSecret])
    const error = await failureOf(finishAuthorization(ctx, provider, pending, parameters))
    expect(error).toMatchObject({ platformCode: 'invalid_client' })
    expect(tokenRequests).toHaveLength(1)
  })

  it('do not hide an answer that is about the grant', async () => {
    const { ctx, provider, withSecrets } = createWorld()
    const both = withSecrets([reservedSecret, 'the old one'])
    if (!ctx.client || !both.client) throw new Error('There is a client.')
    const request = {
      address: `${server.issuer}/token`,
      client: both.client,
      parameters: { grant_type: 'refresh_token', refresh_token: 'never issued' },
    }
    const error = await failureOf(askTokenEndpoint(both, provider, request, 'refresh'))
    expect(error).toMatchObject({ status: 400, platformCode: 'invalid_grant' })
    expect(tokenRequests).toHaveLength(1)
  })
})

describe('a refresh', () => {
  it('brings a new pair, and the old refresh token has no more use', async () => {
    const { authorize, renew } = createWorld()
    const { tokens } = await authorize()
    const renewed = await renew(tokens)
    expect(renewed.accessToken).not.toBe(tokens.accessToken)
    expect(renewed.refreshToken).not.toBe(tokens.refreshToken)
    const again = await renew(renewed)
    expect(again.refreshToken).not.toBe(renewed.refreshToken)
    expect(await server.isActive(again.accessToken)).toBe(true)
  })

  it('with a token that was used already ends the grant, which is told as its loss', async () => {
    const { provider, authorize, renew } = createWorld()
    const { tokens } = await authorize()
    const renewed = await renew(tokens)
    const gone = { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }
    const replay = await failureOf(renew(tokens))
    expect(replay).toMatchObject({ status: 400, platformCode: 'invalid_grant' })
    expect(readHookFailure(provider, replay, 'refresh').classification).toEqual(gone)
    // The newest pair is gone with it.
    expect(await server.isActive(renewed.accessToken)).toBe(false)
    expect(readHookFailure(provider, await failureOf(renew(renewed)), 'refresh').classification).toEqual(gone)
  })
})

describe('a revocation', () => {
  it('ends both tokens, and may be repeated', async () => {
    const { provider, authorize, renew, revoke } = createWorld()
    const { tokens } = await authorize()
    await revoke(tokens)
    expect(await server.isActive(refreshTokenOf(tokens))).toBe(false)
    expect(await server.isActive(tokens.accessToken)).toBe(false)
    await revoke(tokens)
    expect(readHookFailure(provider, await failureOf(renew(tokens)), 'refresh').classification).toMatchObject(
      {
        kind: 'grant_lost',
      },
    )
  })

  it('leaves other grants of the same person alone', async () => {
    const { authorize, revoke } = createWorld()
    const [first, second] = [await authorize(), await authorize()]
    await revoke(first.tokens)
    expect(await server.isActive(second.tokens.accessToken)).toBe(true)
  })
})
