import { createHash, randomUUID } from 'node:crypto'
import type { HttpClient, HttpRequest } from '../http/http-client.js'
import { classifyTokenError } from '../oauth/token-error.js'
import type { Manifest } from '../provider/manifest.js'
import { defineProvider, type Provider, type Target } from '../provider/provider.js'

/** Who consents, and to what. */
interface Person {
  subject: string
  targets: Target[]
  scopes: string
}

/** A platform that is connected in a browser, and its authorization server, in memory behind a stub of HTTP. */
export interface MemoryOAuth {
  provider: Provider
  http: HttpClient
  /** Everything that was asked of the token and revocation endpoints, in order. */
  requests: { path: string; form: URLSearchParams; authorization: string | null }[]
  /** What a consent gives; what is changed here goes for consents from now on. */
  person: Person
  /** Tokens that would work now. */
  living: Set<string>
  /** Consents to what the address asks for. @returns the address the browser is sent back to */
  consent(authorizationUrl: string, parameters?: Record<string, string>): URL
  /** The next request to the token endpoint meets this. */
  next(behave: () => { status: number; body: unknown }): void
}

const target = (targetId: string): Target => ({
  targetId,
  handle: `${targetId}.example.org`,
  displayName: null,
  avatarUrl: null,
  profileUrl: null,
})

export const memoryOAuthClient = {
  id: 'client-1',
  secrets: ['secret-of-client-1'],
  optionalScopes: [],
  values: {},
}

export function createMemoryOAuth(
  options: {
    connect?: Partial<Manifest['connect']>
    oauth2?: Partial<NonNullable<Manifest['connect']['oauth2']>>
    scopes?: Manifest['scopes']
    tokens?: Partial<Manifest['tokens']>
    ways?: Provider['ways']
  } = {},
): MemoryOAuth {
  const requests: MemoryOAuth['requests'] = []
  const person = { subject: 'ann', targets: [target('id-ann')], scopes: 'read write' }
  const codes = new Map<string, { challenge: string | null; redirectUri: string; person: Person }>()
  const owners = new Map<string, Person>()
  const living = new Set<string>()
  const queue: (() => { status: number; body: unknown })[] = []

  const manifest: Manifest = {
    id: 'memo',
    name: 'Memo',
    checkedOn: '2026-11-22',
    sources: ['https://example.org/docs'],
    connect: {
      oauth2: {
        instructions: 'Consent.',
        helpUrl: 'https://example.org/help',
        fields: [],
        client: 'configured',
        authorizationUrl: '{api}/authorize',
        tokenUrl: '{api}/token',
        revocationUrl: '{api}/revoke',
        pkce: 'S256',
        clientAuthentication: 'client_secret_basic',
        tokenRequest: 'form',
        parameterNames: { clientId: 'client_id', clientSecret: 'client_secret', scope: 'scope' },
        scopeSeparator: ' ',
        authorizationParameters: {},
        reconnectParameters: { prompt: 'consent' },
        scopeGrant: 'replace',
        redirect: 'loopback_ok',
        ...options.oauth2,
      },
      listsAllTargets: true,
      targetKinds: ['page'],
      ...options.connect,
    },
    app: {
      registrationUrl: 'https://example.org/apps',
      fields: [
        { name: 'clientId', label: 'Client ID', description: 'The id.', secret: false, required: true },
        {
          name: 'clientSecret',
          label: 'Client secret',
          description: 'The secret.',
          secret: true,
          required: true,
        },
      ],
    },
    endpoints: { api: { url: 'https://memo.example.org', description: 'Everything.' } },
    scopes: options.scopes ?? [{ name: 'write', need: 'required', why: 'To publish.' }],
    tokens: {
      refresh: 'rotating',
      replay: 'single_use',
      refreshAheadSeconds: 60,
      verifyBy: 'call',
      revocationScope: 'token',
      neededToPublish: true,
      ...options.tokens,
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
  }

  const ownerOf = ({ accessToken }: { accessToken: string }): Person => owners.get(accessToken) ?? person

  const provider = defineProvider<Provider>({
    manifest,
    ...(options.ways && { ways: options.ways }),
    identify: async (_ctx, { tokens, requestedScopes, fields }) => ({
      subject: ownerOf(tokens).subject,
      tokens,
      grantedScopes: tokens.grantedScopes ?? requestedScopes,
      settings: { ...fields },
      secrets: {},
    }),
    // What is added later is seen later, as at a real platform.
    listTargets: async (_ctx, { tokens }) => {
      const owner = ownerOf(tokens)
      return owner.subject === person.subject ? person.targets : owner.targets
    },
    verify: async () => ({ status: 'active', reason: null, platformCode: null }),
    classifyError: (error, occasion) => classifyTokenError(error, occasion) ?? { kind: 'unavailable' },
  })

  function answer({ url, body, headers }: HttpRequest): { status: number; body: unknown } {
    const { pathname: path } = new URL(url)
    const form = new URLSearchParams(String(body ?? ''))
    requests.push({ path, form, authorization: headers?.authorization ?? null })
    const behave = path === '/token' ? queue.shift() : undefined
    if (behave) return behave()
    if (path === '/revoke') {
      living.delete(form.get('token') ?? '')
      return { status: 200, body: {} }
    }
    if (form.get('grant_type') === 'refresh_token') {
      if (!living.delete(form.get('refresh_token') ?? ''))
        return { status: 400, body: { error: 'invalid_grant' } }
      return { status: 200, body: issue(person) }
    }
    const code = codes.get(form.get('code') ?? '')
    codes.delete(form.get('code') ?? '')
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (
      !code ||
      code.redirectUri !== form.get('redirect_uri') ||
      (code.challenge ?? challenge) !== challenge
    ) {
      return { status: 400, body: { error: 'invalid_grant', error_description: 'The code is not good.' } }
    }
    return { status: 200, body: issue(code.person) }
  }

  function issue(owner: Person) {
    const tokens = { access_token: `access-${randomUUID()}`, refresh_token: `refresh-${randomUUID()}` }
    living.add(tokens.access_token).add(tokens.refresh_token)
    owners.set(tokens.access_token, owner)
    return { ...tokens, token_type: 'Bearer', expires_in: 3600, scope: owner.scopes }
  }

  const http: HttpClient = {
    async request(request) {
      const { status, body } = answer(request)
      return { status, headers: new Headers(), text: JSON.stringify(body), json: body }
    },
    within: () => http,
  }

  return {
    provider,
    http,
    requests,
    person,
    living,
    next: (behave) => void queue.push(behave),
    consent(authorizationUrl, parameters) {
      const asked = new URL(authorizationUrl).searchParams
      const redirectUri = asked.get('redirect_uri') ?? ''
      const back = new URL(redirectUri)
      const code = `code-${randomUUID()}`
      codes.set(code, { challenge: asked.get('code_challenge'), redirectUri, person: { ...person } })
      const given = parameters ?? { code }
      for (const [name, value] of Object.entries({ state: asked.get('state') ?? '', ...given })) {
        back.searchParams.set(name, value)
      }
      return back
    },
  }
}
