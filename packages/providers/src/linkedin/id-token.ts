import { z } from 'zod'
import type { Member } from './profile.js'

const claims = z.object({
  sub: z.string().min(1),
  aud: z.union([z.string(), z.array(z.string())]),
  name: z.string().optional(),
  picture: z.string().optional(),
})

/**
 * Who granted, by the ID token that came with the access token; null where there is none that is for us. Its signature is not
 * checked: it came from LinkedIn's token endpoint itself (OpenID Connect Core section 3.1.3.7).
 *
 * It goes before `/v2/userinfo` because that one calls tokens revoked that are seconds old and good.
 * @see https://github.com/tomasvotava/fastapi-sso/issues/196, https://github.com/PostHog/posthog/pull/43681
 */
export function readIdToken(idToken: unknown, clientId: string): Member | null {
  if (typeof idToken !== 'string') return null
  const parsed = claims.safeParse(payloadOf(idToken))
  if (!parsed.success) return null
  const { sub, aud, name, picture } = parsed.data
  if (![aud].flat().includes(clientId)) return null
  return { sub, name: name ?? null, picture: picture ?? null }
}

function payloadOf(jwt: string): unknown {
  try {
    return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}
