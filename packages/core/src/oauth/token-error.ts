import { z } from 'zod'
import type { PlatformError } from '../provider/platform-error.js'
import type { Classification, Occasion } from '../provider/provider.js'

const errorBody = z.object({ error: z.string().min(1), error_description: z.string().nullish() })

/** An error formed as in RFC 6749 section 5.2, or null. */
export function readTokenError(json: unknown): { platformCode: string; message: string } | null {
  const parsed = errorBody.safeParse(json)
  if (!parsed.success) return null
  return { platformCode: parsed.data.error, message: parsed.data.error_description ?? '' }
}

const codes: Record<string, (occasion: Occasion) => Classification> = {
  invalid_client: () => ({ kind: 'client_invalid' }),
  unauthorized_client: () => ({ kind: 'client_invalid' }),
  invalid_grant: (occasion) =>
    occasion === 'refresh'
      ? { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }
      : { kind: 'refused' },
  temporarily_unavailable: () => ({ kind: 'unavailable' }),
  server_error: () => ({ kind: 'unavailable' }),
  slow_down: () => ({ kind: 'rate_limited' }),
}

/** What the standard codes of a token endpoint mean; null for any other. For use in a provider's `classifyError`. */
export const classifyTokenError = (error: PlatformError, occasion: Occasion): Classification | null =>
  Object.hasOwn(codes, error.platformCode ?? '')
    ? (codes[error.platformCode ?? '']?.(occasion) ?? null)
    : null
