import {
  type Authorization,
  type CodeExchange,
  type GrantAccess,
  MalformedResponseError,
  missingScopes,
  type ProviderContext,
  type Target,
  type TokenSet,
  type Verification,
} from '@postmcp/core'
import { z } from 'zod'
import { baseOf, callApi } from './api.js'
import { manifest } from './manifest.js'

const me = z.object({
  // A 200 may carry `errors` as well; what is there is good.
  data: z.object({
    id: z.string().min(1),
    username: z.string().min(1),
    name: z.string().optional(),
    profile_image_url: z.string().optional(),
    protected: z.boolean().optional(),
    verified_type: z.string().optional(),
    subscription_type: z.string().optional(),
  }),
})

type User = z.infer<typeof me>['data']

/** Who granted, and what was granted. */
export async function identify(
  ctx: ProviderContext,
  { tokens, requestedScopes }: CodeExchange,
): Promise<Authorization> {
  const { id } = await readMe(ctx, tokens)
  return {
    subject: id,
    tokens,
    grantedScopes: tokens.grantedScopes ?? requestedScopes,
    settings: {},
    secrets: {},
  }
}

/** The one account of a grant. */
export async function listTargets(ctx: ProviderContext, access: GrantAccess): Promise<Target[]> {
  return [toTarget(ctx, await readOwn(ctx, access))]
}

/** How the account is. The call proves the rights to read only, so the scopes that were granted are looked at as well. */
export async function verify(ctx: ProviderContext, access: GrantAccess): Promise<Verification> {
  const missing = missingScopes(manifest, access.grantedScopes, 'oauth2')
  if (missing.length > 0) {
    return {
      status: 'missing_permission',
      reason: 'scope_missing',
      platformCode: null,
      missingScopes: missing,
    }
  }
  const { targetId: _, ...shown } = toTarget(ctx, await readOwn(ctx, access))
  return { target: shown, status: 'active', reason: null, platformCode: null }
}

async function readOwn(ctx: ProviderContext, { tokens, subject }: GrantAccess): Promise<User> {
  const user = await readMe(ctx, tokens)
  if (user.id !== subject) throw new MalformedResponseError('X answered for another account.')
  return user
}

async function readMe(ctx: ProviderContext, tokens: TokenSet): Promise<User> {
  const { data } = await callApi(ctx, tokens, {
    path: '/2/users/me',
    query: { 'user.fields': 'profile_image_url,protected,verified_type,subscription_type' },
    answer: me,
  })
  return data
}

/** Its identity is the id; the handle may change, and then belong to somebody else. */
function toTarget(ctx: ProviderContext, user: User): Target {
  const { id, username, name, profile_image_url: avatarUrl } = user
  return {
    targetId: id,
    handle: username,
    displayName: name?.trim() || null,
    avatarUrl: avatarUrl ?? null,
    profileUrl: `${baseOf(ctx, 'www')}/${encodeURIComponent(username)}`,
    // What decides about the length of posts, and who sees them.
    settings: {
      protected: user.protected ?? false,
      verifiedType: user.verified_type ?? null,
      subscriptionType: user.subscription_type ?? null,
    },
  }
}
