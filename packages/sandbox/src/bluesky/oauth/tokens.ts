import type { Grant, IssuedTokens } from '../../token-service.js'
import type { Pds } from '../pds.js'
import { OAuthError } from './errors.js'
import type { OAuthCall } from './routes.js'

const DAY = 86_400
/** How long a session lasts, however often it is refreshed. */
const SESSION_SECONDS = { none: 14 * DAY, private_key_jwt: 2 * 365.25 * DAY }

const invalidGrant = (description: string) => new OAuthError('invalid_grant', description)

/** Changes a code or a refresh token for tokens. @throws OAuthError or TokenError */
export function grantTokens(pds: Pds, call: OAuthCall) {
  const type = call.form.get('grant_type')
  if (type === 'authorization_code') return describeTokens(exchangeCode(pds, call))
  if (type === 'refresh_token') return describeTokens(refresh(pds, call))
  throw invalidGrant(`Grant type "${type}" is not supported by the server`)
}

function exchangeCode({ kit: { tokens } }: Pds, call: OAuthCall): IssuedTokens {
  const issued = tokens.exchangeCode({
    clientId: call.client.clientId,
    isAuthenticated: true,
    code: call.form.get('code') ?? '',
    redirectUri: call.form.get('redirect_uri') ?? undefined,
    codeVerifier: call.form.get('code_verifier') ?? undefined,
  })
  // From here on the code is used up, whatever comes.
  const { thumbprint } = issued.facts
  if (thumbprint === null)
    throw endAndRefuse(tokens, issued.grantId, 'DPoP proof is required for this request')
  assertSame(tokens, { id: issued.grantId, facts: issued.facts }, call)
  return issued
}

function refresh({ kit: { tokens, now } }: Pds, call: OAuthCall): IssuedTokens {
  const refreshToken = call.form.get('refresh_token') ?? ''
  const grant = tokens.grantOf(refreshToken)
  if (grant && !grant.revokedAt) {
    if (grant.clientId !== call.client.clientId)
      throw endAndRefuse(tokens, grant.id, 'Token was not issued to this client')
    assertSame(tokens, grant, call)
    const age = (now().getTime() - grant.createdAt.getTime()) / 1000
    if (age > SESSION_SECONDS[call.clientAuth.method]) throw endAndRefuse(tokens, grant.id, 'Session expired')
  }
  return tokens.refresh({ clientId: call.client.clientId, isAuthenticated: true, refreshToken })
}

/** The same key, and the same way of showing who the client is; anyone else ends the session. */
function assertSame(
  tokens: Pds['kit']['tokens'],
  { id, facts }: Pick<Grant, 'id' | 'facts'>,
  call: OAuthCall,
): void {
  const difference = differenceOf(facts, call)
  if (difference !== null) throw endAndRefuse(tokens, id, difference)
}

/** How a client differs from the one that a session was given to; null: not at all. */
function differenceOf(facts: Grant['facts'], { thumbprint, clientAuth }: OAuthCall): string | null {
  if (facts.thumbprint !== thumbprint) return 'DPoP proof does not match the expected JKT'
  // A public client may become one with a key, but not the other way round.
  if (facts.method !== 'private_key_jwt') return null
  if (clientAuth.method !== 'private_key_jwt')
    return 'Client authentication method mismatch (expected private_key_jwt)'
  if (clientAuth.kid === facts.kid && clientAuth.jkt === facts.jkt) return null
  return 'The session was initiated with a different key than the client assertion currently used'
}

function endAndRefuse(tokens: Pds['kit']['tokens'], grantId: string, description: string): OAuthError {
  tokens.revokeGrant(grantId)
  return invalidGrant(description)
}

/** Ends the session of a token; unknown tokens, and those of others, are nobody's business. */
export function revokeTokens({ kit: { tokens } }: Pds, call: OAuthCall): void {
  const grant = tokens.grantOf(call.form.get('token') ?? '')
  const isOwn = grant?.clientId === call.client.clientId && differenceOf(grant.facts, call) === null
  if (grant && isOwn) tokens.revokeGrant(grant.id)
}

const describeTokens = (issued: IssuedTokens) => ({
  access_token: issued.accessToken,
  token_type: 'DPoP',
  refresh_token: issued.refreshToken,
  scope: issued.scopes.join(' '),
  expires_in: issued.expiresInSeconds,
  sub: issued.personId,
})
