import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { type ClientMetadata, type Configuration } from 'oidc-provider'

/** A certified OpenID provider nobody here wrote, on loopback, everything in memory. */
export interface OidcServer {
  issuer: string
  /** Whether a token works, as the server itself says (RFC 7662). */
  isActive(token: string): Promise<boolean>
  close(): Promise<void>
}

/** Looks tokens up for the tests, and for nobody else. */
const checker = { id: 'checker', secret: 'secret-of-the-checker' }

/** Strict where the server leaves a choice: PKCE from everybody, a refresh token works once. */
const configuration: Configuration = {
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: {
    AccessToken: 3600,
    AuthorizationCode: 60,
    Grant: 86_400,
    IdToken: 3600,
    Interaction: 3600,
    RefreshToken: 86_400,
    Session: 86_400,
  },
  features: {
    devInteractions: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
  },
  cookies: { keys: ['only for tests'] },
}

export async function startOidcServer(clients: ClientMetadata[]): Promise<OidcServer> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    ...configuration,
    clients: [
      ...clients,
      { client_id: checker.id, client_secret: checker.secret, redirect_uris: [], response_types: [] },
    ],
  })
  server.on('request', provider.callback())
  return {
    issuer,
    async isActive(token) {
      const response = await fetch(`${issuer}/token/introspection`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${checker.id}:${checker.secret}`)}` },
        body: new URLSearchParams({ token }),
      })
      const { active } = (await response.json()) as { active: boolean }
      return active
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
