import { type JsonObject, MalformedResponseError } from '@postmcp/core'
import { z } from 'zod'

const claims = z.object({ sub: z.string().min(1).max(255), aud: z.string() })

/**
 * Who granted, by the ID token of a token answer. It came from the token endpoint itself, so its signature need not be checked.
 * @throws MalformedResponseError when there is none, or it is for another client
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation (3.1.3.7, point 6)
 */
export function subjectOf(answer: JsonObject, clientId: string): string {
  const [, payload = ''] = String(answer.id_token ?? '').split('.')
  const parsed = claims.safeParse(readJson(payload))
  if (!parsed.success || parsed.data.aud !== clientId)
    throw new MalformedResponseError('Google did not say whose authorization this is.')
  return parsed.data.sub
}

function readJson(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}
