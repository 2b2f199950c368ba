import {
  type GrantAccess,
  missingScopes,
  type ProviderContext,
  type Target,
  type TargetAccess,
  type Verification,
} from '@postmcp/core'
import { manifest, organizationScopes } from './manifest.js'
import { introspect } from './oauth.js'
import { isOrganization, listOrganizationIds, toOrganizationTargets } from './organizations.js'
import { readLook, toMemberTarget } from './profile.js'

/** The member; and the company pages they may post to, where the operator's application may ask for them. */
export async function listTargets(ctx: ProviderContext, access: GrantAccess): Promise<Target[]> {
  const look = await readLook(ctx, access, async () => (await introspect(ctx, access)) !== null)
  const member = toMemberTarget(access, look)
  if (organizationScopes.some((scope) => !access.grantedScopes.includes(scope))) return [member]
  const ids = await listOrganizationIds(ctx, access)
  return [member, ...(await toOrganizationTargets(ctx, access, ids))]
}

/** How the account is: first by the token, for an answer of `/v2/userinfo` proves nothing about publishing; then by its role. */
export async function verify(
  ctx: ProviderContext,
  access: GrantAccess,
  target: TargetAccess,
): Promise<Verification> {
  const scopes = await introspect(ctx, access)
  const missing = missingFor(target, scopes ?? access.grantedScopes)
  if (missing.length > 0) {
    return {
      status: 'missing_permission',
      reason: 'scope_missing',
      platformCode: null,
      missingScopes: missing,
    }
  }
  if (isOrganization(target.targetId)) return verifyOrganization(ctx, access, target)
  const look = await readLook(ctx, access, async () => scopes !== null)
  const { targetId: _, ...shown } = toMemberTarget(access, look)
  return { ...(look && { target: shown }), status: 'active', reason: null, platformCode: null }
}

async function verifyOrganization(
  ctx: ProviderContext,
  access: GrantAccess,
  { targetId }: TargetAccess,
): Promise<Verification> {
  const ids = await listOrganizationIds(ctx, access)
  if (!ids.includes(targetId)) {
    return { status: 'missing_permission', reason: 'target_not_granted', platformCode: null }
  }
  const [found] = await toOrganizationTargets(ctx, access, [targetId])
  const { targetId: _, ...shown } = found ?? { targetId }
  return { target: shown, status: 'active', reason: null, platformCode: null }
}

function missingFor({ targetId }: TargetAccess, granted: readonly string[]): string[] {
  const forPages = isOrganization(targetId) ? organizationScopes : []
  return [
    ...missingScopes(manifest, granted, 'oauth2'),
    ...forPages.filter((scope) => !granted.includes(scope)),
  ]
}
