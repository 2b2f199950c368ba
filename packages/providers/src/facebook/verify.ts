import {
  type GrantAccess,
  missingScopes,
  type ProviderContext,
  type TargetAccess,
  type Verification,
} from '@postmcp/core'
import { z } from 'zod'
import { inspectToken } from '../meta/token-inspection.js'
import { callFacebook, facebookApp } from './api.js'
import { manifest } from './manifest.js'
import { pageAnswer, pageFields, toShown } from './profile.js'

const answer = pageAnswer.extend({ is_published: z.boolean().nullish().catch(null) })

/** Those that are granted for single Pages; others name portfolios as their targets. */
const pageScopes = manifest.scopes.filter(({ need }) => need === 'required').map(({ name }) => name)

/**
 * How a Page is: what its token is worth, then the Page itself. The person's token is not needed, and may have ended.
 * @throws GraphError when the token or the Page is lost
 */
export async function verify(
  ctx: ProviderContext,
  _access: GrantAccess,
  { targetId, secrets }: TargetAccess,
): Promise<Verification> {
  const { pageToken } = secrets
  if (pageToken === undefined) return notGranted()
  const { scopes, covers } = await inspectToken(facebookApp, ctx, pageToken)
  const missing = missingScopes(manifest, scopes, 'oauth2')
  if (missing.length > 0) {
    return {
      status: 'missing_permission',
      reason: 'scope_missing',
      platformCode: null,
      missingScopes: missing,
    }
  }
  if (!pageScopes.every((scope) => covers(scope, targetId))) return notGranted()
  const fields = `${pageFields},is_published`
  const page = await callFacebook(ctx, { path: targetId, query: { fields }, token: pageToken, answer })
  const target = toShown(ctx, page)
  if (page.is_published === false) {
    return {
      target,
      status: 'verification_failed',
      reason: 'account_deactivated',
      platformCode: 'is_published=false',
    }
  }
  return { target, status: 'active', reason: null, platformCode: null }
}

/** The Page was not ticked at the last consent. */
const notGranted = (): Verification => ({
  status: 'missing_permission',
  reason: 'target_not_granted',
  platformCode: null,
})
