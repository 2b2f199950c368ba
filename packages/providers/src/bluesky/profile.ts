import type { ProviderContext, Target } from '@postmcp/core'
import { z } from 'zod'
import { endpoint, invalidHandle, isHandle } from './identity.js'
import { xrpc } from './xrpc.js'

/** What the public profile adds to an account. */
export interface PublicProfile {
  handle: string
  displayName: string | null
  avatarUrl: string | null
}

const profileAnswer = z.object({
  did: z.string(),
  handle: z.string(),
  displayName: z.string().optional(),
  avatar: z.string().optional(),
})

/** The public profile, or null when there is none or nobody to ask: display data must never fail anything. */
export async function readProfile(ctx: ProviderContext, did: string): Promise<PublicProfile | null> {
  try {
    const profile = await xrpc(ctx, {
      service: endpoint(ctx, 'resolver'),
      method: 'app.bsky.actor.getProfile',
      query: { actor: did },
      timeoutMs: 5000,
      answer: profileAnswer,
    })
    if (profile.did !== did) return null
    return {
      handle: profile.handle,
      displayName: profile.displayName?.trim() || null,
      avatarUrl: profile.avatar && /^https?:/.test(profile.avatar) ? profile.avatar : null,
    }
  } catch {
    return null
  }
}

/** The account as people see it. Its identity is the DID; `profile`, which is verified, goes before what its server says. */
export function toTarget(
  ctx: ProviderContext,
  did: string,
  sessionHandle: string,
  profile: PublicProfile | null,
): Target {
  return {
    targetId: did,
    handle: shownHandle(did, profile?.handle ?? sessionHandle),
    displayName: profile?.displayName ?? null,
    avatarUrl: profile?.avatarUrl ?? null,
    profileUrl: `${endpoint(ctx, 'web')}/profile/${did}`,
  }
}

/** A handle that leads nowhere says less than the DID. */
function shownHandle(did: string, handle: string): string {
  const normal = handle.toLowerCase()
  return normal !== invalidHandle && isHandle(normal) ? normal : did
}
