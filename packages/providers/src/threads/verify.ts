import {
  type GrantAccess,
  missingScopes,
  PlatformError,
  type ProviderContext,
  type TargetAccess,
  type Verification,
} from '@postmcp/core'
import { z } from 'zod'
import { callThreads } from './api.js'
import { classifyError } from './errors.js'
import { manifest } from './manifest.js'
import { assertSame, readProfile, toShown } from './profile.js'
import { readScopes } from './token-inspection.js'

/**
 * How a profile is. The token is looked at first: the profile of one that has ended may "not exist". The quota of posts takes the
 * permission to publish, and a profile that is not restricted.
 * @see https://github.com/trypostit/trypost/issues/230 (2026-11-22)
 */
export async function verify(
  ctx: ProviderContext,
  { tokens }: GrantAccess,
  { targetId }: TargetAccess,
): Promise<Verification> {
  const scopes = await readScopes(ctx, tokens.accessToken)
  const missing = scopes ? missingScopes(manifest, scopes, 'oauth2') : []
  if (missing.length > 0) return lacking(missing, null)
  const found = await readProfile(ctx, tokens.accessToken)
  assertSame(found.id, targetId)
  const target = toShown(ctx, found)
  try {
    await callThreads(ctx, {
      path: `${targetId}/threads_publishing_limit`,
      query: { fields: 'quota_usage,config' },
      token: tokens.accessToken,
      answer: z.object({ data: z.array(z.unknown()) }),
    })
  } catch (error) {
    if (!isScopeMissing(error)) throw error
    return { target, ...lacking(['threads_content_publish'], error.platformCode) }
  }
  return { target, status: 'active', reason: null, platformCode: null }
}

const lacking = (missing: string[], platformCode: string | null): Verification => ({
  status: 'missing_permission',
  reason: 'scope_missing',
  platformCode,
  missingScopes: missing,
})

function isScopeMissing(error: unknown): error is PlatformError {
  if (!(error instanceof PlatformError)) return false
  const meaning = classifyError(error, 'verify')
  return meaning.kind === 'account_unusable' && meaning.reason === 'scope_missing'
}
