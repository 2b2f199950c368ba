import type { NodeSavedSession } from '@atproto/oauth-client-node'
import { type GrantAccess, type JsonObject, PostMcpError, type TokenSet } from '@postmcp/core'
import { z } from 'zod'

const settingsForm = z.object({
  pds: z.url(),
  issuer: z.url(),
  clientId: z.string().min(1),
  /** The signing key that the session is bound to; null for a public client. */
  signingKey: z.string().nullable(),
})

/** What a grant has to remember to use its session, beside the tokens. */
export function toSettings(clientId: string, { tokenSet, authMethod }: NodeSavedSession): JsonObject {
  return {
    pds: new URL(tokenSet.aud).origin,
    issuer: tokenSet.iss,
    clientId,
    signingKey: authMethod.method === 'private_key_jwt' ? authMethod.kid : null,
  } satisfies z.infer<typeof settingsForm>
}

/** The tokens of a session, with the key that they are bound to. */
export function toTokens({ tokenSet, dpopJwk }: NodeSavedSession): TokenSet {
  const { access_token, refresh_token, expires_at, scope } = tokenSet
  return {
    accessToken: access_token,
    ...(refresh_token !== undefined && { refreshToken: refresh_token }),
    ...(expires_at !== undefined && { accessTokenExpiresAt: new Date(expires_at) }),
    grantedScopes: scope.split(' '),
    proofKey: JSON.parse(JSON.stringify(dpopJwk)) as JsonObject,
  }
}

/** What `toSettings` kept. @throws PostMcpError `internal_error` */
export function readSettings({ settings }: Pick<GrantAccess, 'settings'>): z.infer<typeof settingsForm> {
  const parsed = settingsForm.safeParse(settings)
  if (parsed.success) return parsed.data
  throw new PostMcpError('internal_error', 'The grant does not say how it was obtained.')
}

/** The session of a grant, in the form in which the library wants it back. */
export function toSession(access: GrantAccess): NodeSavedSession {
  const { pds, issuer, signingKey } = readSettings(access)
  const { accessToken, refreshToken, accessTokenExpiresAt, proofKey } = access.tokens
  return {
    dpopJwk: proofKey,
    authMethod: signingKey === null ? { method: 'none' } : { method: 'private_key_jwt', kid: signingKey },
    tokenSet: {
      iss: issuer,
      aud: pds,
      sub: access.subject,
      scope: access.grantedScopes.join(' '),
      access_token: accessToken,
      refresh_token: refreshToken,
      token_type: 'DPoP',
      expires_at: accessTokenExpiresAt?.toISOString(),
    },
  } as NodeSavedSession
}
