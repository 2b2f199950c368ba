import { type Context, Hono } from 'hono'
import { PAGE_HEADERS, renderMessage } from '../../page.js'
import type { Pds } from '../pds.js'
import { createAuthorizationPage } from './authorization-page.js'
import { AuthorizationRequests } from './authorization-requests.js'
import { authenticateClient, type ClientAuth, type ClientMetadata, readClient } from './clients.js'
import { answerOAuthError, badProof, OAuthError } from './errors.js'
import { describeResource, describeServer, issuerOf } from './metadata.js'
import { pushRequest } from './push-request.js'
import { grantTokens, revokeTokens } from './tokens.js'

/** What a client of the OAuth endpoints has shown. */
export interface OAuthCall {
  form: URLSearchParams
  client: ClientMetadata
  clientAuth: ClientAuth
  /** Of the key of its proof; null without a proof. */
  thumbprint: string | null
}

/** The authorization server: PAR, PKCE and DPoP are all required. @see https://atproto.com/specs/oauth */
export function createOAuthRoutes(pds: Pds): Hono {
  const requests = new AuthorizationRequests(pds.kit)
  const usedAssertions = new Set<string>()
  const app = new Hono()
  app.onError(answerOAuthError)

  app.get('/.well-known/oauth-protected-resource', (c) => c.json(describeResource(pds)))
  app.get('/.well-known/oauth-authorization-server', (c) => c.json(describeServer(pds)))
  app.get('/oauth/jwks', (c) => c.json({ keys: [] }))

  app.post('/oauth/par', async (c) => {
    const call = await readCall(c, { needsProof: false })
    return c.json(requests.push(pushRequest(call)), 201)
  })
  app.all('/oauth/par', (c) => c.body(null, 405))

  app.post('/oauth/token', async (c) => c.json(grantTokens(pds, await readCall(c, { needsProof: true }))))

  app.post('/oauth/revoke', async (c) => {
    const shown = await readProof(c)
    // Whatever is wrong with the client after this, the real server says that it is done, and does nothing.
    const call = await identify(shown, { needsProof: true }).catch(ignoreOAuthError)
    if (call) revokeTokens(pds, call)
    return c.json({})
  })

  app.get('/oauth/authorize', createAuthorizationPage(pds, requests))
  app.all('/oauth/*', (c) => c.html(renderMessage('Not found', 'There is no such page.'), 404, PAGE_HEADERS))

  const readCall = async (c: Context, needs: { needsProof: boolean }) => identify(await readProof(c), needs)

  async function readProof(c: Context): Promise<Pick<OAuthCall, 'form' | 'thumbprint'>> {
    c.header('cache-control', 'no-store')
    c.header('pragma', 'no-cache')
    c.header('dpop-nonce', pds.dpop.nonce())
    const form = await readForm(c)
    return { form, thumbprint: await pds.dpop.check(c) }
  }

  async function identify(
    { form, thumbprint }: Pick<OAuthCall, 'form' | 'thumbprint'>,
    { needsProof }: { needsProof: boolean },
  ): Promise<OAuthCall> {
    const client = await readClient(form.get('client_id') ?? '', pds.kit.reach)
    if (needsProof && thumbprint === null) throw badProof('DPoP proof required')
    const clientAuth = await authenticateClient(client, form, issuerOf(pds))
    if (clientAuth.jti !== undefined) {
      const id = `${client.clientId} ${clientAuth.jti}`
      if (usedAssertions.has(id)) throw new OAuthError('invalid_grant', 'private_key_jwt jti reused')
      usedAssertions.add(id)
    }
    return { form, client, clientAuth, thumbprint }
  }
  return app
}

function ignoreOAuthError(error: unknown): null {
  if (error instanceof OAuthError) return null
  throw error
}

/** A form, or the same as JSON. */
async function readForm(c: Context): Promise<URLSearchParams> {
  const type = c.req.header('content-type') ?? ''
  if (type.startsWith('application/x-www-form-urlencoded')) return new URLSearchParams(await c.req.text())
  if (!type.startsWith('application/json'))
    throw new OAuthError('invalid_request', `Unsupported content-type: ${type}`)
  const body = await c.req.json<Record<string, unknown>>().catch(() => {
    throw new OAuthError('invalid_request', 'Invalid JSON')
  })
  return new URLSearchParams(
    Object.entries(body).map(([name, value]): [string, string] => [name, String(value)]),
  )
}
