import {
  type GrantAccess,
  PlatformError,
  type ProviderContext,
  type TargetAccess,
  type Verification,
} from '@postmcp/core'
import { z } from 'zod'
import { callInstagram } from './api.js'
import { classifyError } from './errors.js'
import { assertSame, readProfile, toShown } from './profile.js'

/** There is no way to ask what was granted; the quota of posts can be read only with the permission to publish. */
const provesPublishing = 'instagram_business_content_publish'

/** How an account is: that it answers, that it is a professional one, and that we may publish to it. */
export async function verify(
  ctx: ProviderContext,
  { tokens }: GrantAccess,
  { targetId }: TargetAccess,
): Promise<Verification> {
  const found = await readProfile(ctx, tokens.accessToken)
  assertSame(found.user_id, targetId)
  const target = toShown(ctx, found)
  if (found.account_type === 'PERSONAL') {
    return {
      target,
      status: 'verification_failed',
      reason: 'authorization_rejected',
      platformCode: 'account_type=PERSONAL',
    }
  }
  try {
    await callInstagram(ctx, {
      path: `${targetId}/content_publishing_limit`,
      query: { fields: 'quota_usage,config' },
      token: tokens.accessToken,
      answer: z.object({ data: z.array(z.unknown()) }),
    })
  } catch (error) {
    if (!isScopeMissing(error)) throw error
    return {
      target,
      status: 'missing_permission',
      reason: 'scope_missing',
      platformCode: error.platformCode,
      missingScopes: [provesPublishing],
    }
  }
  return { target, status: 'active', reason: null, platformCode: null }
}

function isScopeMissing(error: unknown): error is PlatformError {
  if (!(error instanceof PlatformError)) return false
  const meaning = classifyError(error, 'verify')
  return meaning.kind === 'account_unusable' && meaning.reason === 'scope_missing'
}
