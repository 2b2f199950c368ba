import {
  type GrantAccess,
  missingScopes,
  type ProviderContext,
  type TargetAccess,
  type Verification,
} from '@postmcp/core'
import { z } from 'zod'
import { callAsApp } from '../../meta/facebook-app.js'
import { inspectToken } from '../../meta/token-inspection.js'
import { accountAnswer, accountFields, toShown } from './accounts.js'
import { app } from './app.js'

/** Those that are granted for single accounts; the others name Pages or portfolios as their targets. */
const accountScopes = ['instagram_basic', 'instagram_content_publish']

/**
 * How an account is: what the token of its Page is worth, then the account itself, and that posts may be published. The person's
 * token is not needed, and may have ended.
 * @throws GraphError when the token or the account is lost
 */
export async function verify(
  ctx: ProviderContext,
  _access: GrantAccess,
  { targetId, secrets }: TargetAccess,
): Promise<Verification> {
  const { pageToken } = secrets
  if (pageToken === undefined) return notGranted
  const { scopes, covers } = await inspectToken(app, ctx, pageToken)
  const missing = missingScopes(app.manifest, scopes, 'oauth2')
  if (missing.length > 0) {
    return {
      status: 'missing_permission',
      reason: 'scope_missing',
      platformCode: null,
      missingScopes: missing,
    }
  }
  if (!accountScopes.every((scope) => covers(scope, targetId))) return notGranted
  const query = { fields: accountFields }
  const found = await callAsApp(app, ctx, { path: targetId, query, token: pageToken, answer: accountAnswer })
  await callAsApp(app, ctx, {
    path: `${targetId}/content_publishing_limit`,
    query: { fields: 'quota_usage,config' },
    token: pageToken,
    answer: z.object({ data: z.array(z.unknown()) }),
  })
  return { target: toShown(ctx, found), status: 'active', reason: null, platformCode: null }
}

/** The account, or its Page, was not ticked at the last consent. */
const notGranted: Verification = {
  status: 'missing_permission',
  reason: 'target_not_granted',
  platformCode: null,
}
