import {
  type GrantAccess,
  PlatformError,
  type ProviderContext,
  type StatusReason,
  type Target,
  type Verification,
} from '@postmcp/core'
import { readProfile, toTarget } from './profile.js'
import { tokenOf } from './proof.js'
import { assertOwn, getSession, serviceOf, throwIfUnusable } from './session.js'

/** What `status` of a session that is not active means. @see https://atproto.com/specs/account (2026-11-22) */
const inactiveReasons = new Map<string | null, StatusReason>([
  ['takendown', 'account_taken_down'],
  ['suspended', 'account_suspended'],
  ['deactivated', 'account_deactivated'],
  ['deleted', 'account_not_found'],
])

/** The one account of a grant. */
export async function listTargets(ctx: ProviderContext, access: GrantAccess): Promise<Target[]> {
  const session = await ownSession(ctx, access)
  return [toTarget(ctx, session.did, session.handle, await readProfile(ctx, session.did))]
}

/** How the account is by its own server; how it looks by its public profile. */
export async function verify(ctx: ProviderContext, access: GrantAccess): Promise<Verification> {
  const session = await ownSession(ctx, access)
  const profile = await readProfile(ctx, session.did)
  const { targetId: _, ...shown } = toTarget(ctx, session.did, session.handle, profile)
  // Without the profile only the handle is known; the rest stays as it was.
  const target = profile ? shown : { handle: shown.handle }
  if (session.active) return { target, status: 'active', reason: null, platformCode: null }
  return {
    target,
    status: 'verification_failed',
    reason: inactiveReasons.get(session.status) ?? 'authorization_rejected',
    platformCode: session.status,
  }
}

async function ownSession(ctx: ProviderContext, access: GrantAccess) {
  const service = serviceOf(access)
  try {
    const session = await getSession(ctx, service, tokenOf(access))
    assertOwn(session, access.subject, service)
    return session
  } catch (error) {
    // "Could not find user info" also stands for a takedown, and so does a token of OAuth that is called invalid.
    const mayBeUnusable =
      error instanceof PlatformError && /^(InvalidRequest|invalid_token)$/.test(error.platformCode ?? '')
    if (mayBeUnusable) await throwIfUnusable(ctx, service, access.subject)
    throw error
  }
}
