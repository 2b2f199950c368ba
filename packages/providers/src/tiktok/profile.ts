import {
  type Authorization,
  type CodeExchange,
  type GrantAccess,
  MalformedResponseError,
  missingScopes,
  PlatformError,
  type ProviderContext,
  type Target,
  type TargetAccess,
  type Verification,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi, endpoint } from './api.js'
import { type Creator, readCreator } from './creator.js'
import { classifyError, dailyCaps, unaudited } from './errors.js'
import { manifest, scope } from './manifest.js'

/** Who granted stands in the answer of the token endpoint: `open_id`, dashes and all; callbacks name the same. */
export async function identify(_ctx: ProviderContext, exchange: CodeExchange): Promise<Authorization> {
  const { tokens, answer, requestedScopes } = exchange
  if (typeof answer.open_id !== 'string' || answer.open_id === '')
    throw new MalformedResponseError('TikTok did not say whose authorization this is.')
  return {
    subject: answer.open_id,
    tokens,
    // People may switch off single scopes; the answer names those that are left.
    grantedScopes: tokens.grantedScopes ?? requestedScopes,
    settings: {},
    secrets: {},
  }
}

const user = z.object({
  open_id: z.string().min(1),
  /** The same in all apps of one developer, so that accounts are known again under another client key. */
  union_id: z.string().optional(),
  display_name: z.string().default(''),
})

type User = z.infer<typeof user>

/** A field whose scope was not granted would fail the whole call; these take `user.info.basic`. */
const readUser = async (ctx: ProviderContext, { tokens }: GrantAccess): Promise<User> => {
  const data = await callApi(ctx, {
    method: 'GET',
    path: '/v2/user/info/',
    query: { fields: 'open_id,union_id,display_name' },
    token: tokens.accessToken,
    data: z.object({ user }),
  })
  return data.user
}

/** The error of a call that may fail although the account is well; any other is thrown. */
async function capOf<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call
  } catch (error) {
    const code = error instanceof PlatformError ? (error.platformCode ?? '') : ''
    if (dailyCaps.includes(code) || code === unaudited) return null
    throw error
  }
}

/** The account as people see it. Pictures have addresses that end after two hours: none is kept, since none would be shown. */
const shownAs = (ctx: ProviderContext, { display_name, union_id }: User, creator: Creator | null) => ({
  ...(creator !== null && {
    handle: creator.username,
    profileUrl: `${endpoint(ctx, 'www')}/@${encodeURIComponent(creator.username)}`,
  }),
  displayName: display_name.trim() || null,
  avatarUrl: null,
  settings: {
    ...(union_id !== undefined && { unionId: union_id }),
    // What may be posted, for drafts; asked anew for each post.
    ...(creator !== null && {
      privacyLevels: creator.privacyLevels,
      maxVideoSeconds: creator.maxVideoSeconds,
    }),
  },
})

/** The one account of a grant; none where the scopes to read it were not granted, which is refused as a missing permission. */
export async function listTargets(ctx: ProviderContext, access: GrantAccess): Promise<Target[]> {
  if (missingScopes(manifest, access.grantedScopes, 'oauth2').length > 0) return []
  const found = await readUser(ctx, access)
  const shown = shownAs(ctx, found, await capOf(readCreator(ctx, access)))
  return [
    {
      targetId: found.open_id,
      handle: shown.displayName ?? found.open_id,
      profileUrl: null,
      kind: 'profile',
      ...shown,
    },
  ]
}

/** How the account is and looks now: whether the token reads it, and whether it may post. */
export async function verify(
  ctx: ProviderContext,
  access: GrantAccess,
  { targetId }: TargetAccess,
): Promise<Verification> {
  const missing = missingScopes(manifest, access.grantedScopes, 'oauth2')
  if (missing.includes(scope.basic)) return lacking(missing, null)
  const found = await readUser(ctx, access)
  if (found.open_id !== targetId)
    return { status: 'missing_permission', reason: 'target_not_granted', platformCode: null }
  if (missing.length > 0) return { ...lacking(missing, null), target: shownAs(ctx, found, null) }
  try {
    const creator = await capOf(readCreator(ctx, access))
    return {
      target: shownAs(ctx, found, creator),
      status: 'active',
      reason: null,
      platformCode: null,
    }
  } catch (error) {
    // Posting takes this one scope, which people can take back by itself.
    if (!(error instanceof PlatformError && isScopeMissing(error))) throw error
    return { ...lacking([scope.publish], error.platformCode), target: shownAs(ctx, found, null) }
  }
}

const isScopeMissing = (error: PlatformError): boolean => {
  const found = classifyError(error, 'verify')
  return found.kind === 'account_unusable' && found.reason === 'scope_missing'
}

const lacking = (scopes: string[], platformCode: string | null): Verification => ({
  status: 'missing_permission',
  reason: 'scope_missing',
  platformCode,
  missingScopes: scopes,
})
