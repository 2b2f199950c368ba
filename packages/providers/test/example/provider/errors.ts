import { type Classification, classifyTokenError, type Occasion, type PlatformError } from '@postmcp/core'
import { z } from 'zod'

/** An error as the API words it. @see https://docs.example.com/api */
export const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

const codes = new Map<string | null, Classification>([
  ['token_expired', { kind: 'access_token_expired' }],
  ['token_revoked', { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }],
  [
    'account_suspended',
    { kind: 'account_unusable', status: 'verification_failed', reason: 'account_suspended' },
  ],
  [
    'page_not_found',
    { kind: 'account_unusable', status: 'verification_failed', reason: 'account_not_found' },
  ],
  [
    'page_not_granted',
    { kind: 'account_unusable', status: 'missing_permission', reason: 'target_not_granted' },
  ],
])

/** What an error of Example means for us. */
export function classifyError(error: PlatformError, occasion: Occasion): Classification {
  const known = classifyTokenError(error, occasion) ?? codes.get(error.platformCode)
  if (known) return known
  if (error.status === 429) return { kind: 'rate_limited' }
  // A refusal we cannot read must not end a grant.
  const isRefusal = error.status < 500 && occasion !== 'refresh' && occasion !== 'verify'
  return { kind: isRefusal ? 'refused' : 'unavailable' }
}
