import type { CoreContext } from '../core-context.js'
import { type AccountReport, effectiveHealth, reportAccount } from '../health/account-report.js'
import { recordAccountHealth, recordGrantHealth } from '../health/record-health.js'
import type { Account, HealthVerdict } from '../model/account.js'
import { healthy } from '../model/account.js'
import { isPostMcpError, PostMcpError } from '../model/errors.js'
import type { Grant } from '../model/grant.js'
import type { AccountId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import { providerContext } from '../oauth/provider-context.js'
import { type HookFailure, readHookFailure } from '../provider/hook-failure.js'
import type { Provider, Verification } from '../provider/provider.js'
import { tokenToRenew } from './refresh-policy.js'
import { openTarget } from './target-access.js'
import { type OpenGrant, useGrant } from './use-grant.js'

/** How a status was come by. */
export interface StatusCheck {
  /**
   * `live`: the platform was asked just now. `recent`: it was asked within the last minute. `stored`: nobody asked it, by wish or
   * because there is nothing left to ask with. `failed`: it was asked and did not answer; the status is the last one known.
   */
  source: 'live' | 'recent' | 'stored' | 'failed'
  /** What went wrong when `failed`. */
  error: PostMcpError | null
}

export interface VerifiedAccount extends AccountReport {
  check: StatusCheck
}

/** A check that is younger than this stands in for a new one. */
const recentSeconds = 60

const codesOfPassingTrouble = ['platform_unavailable', 'rate_limited', 'platform_response_invalid'] as const

/**
 * The status of an account, verified at the platform. Trouble on the way never changes it.
 * @param freshness `recent` (default): a check of the last 60 s will do; `live`: ask now; `stored`: do not ask
 * @throws PostMcpError `not_found`, `sealed_value_corrupt`, `keyring_wrong`, `config_invalid`
 */
export async function verifyAccount(
  core: CoreContext,
  scope: Scope,
  accountId: AccountId,
  freshness: 'recent' | 'live' | 'stored' = 'recent',
): Promise<VerifiedAccount> {
  const { account, grant, provider } = await readAccount(core, scope, accountId)
  const report = async (check: StatusCheck): Promise<VerifiedAccount> => {
    const now = await readAccount(core, scope, accountId)
    return { ...reportAccount(now.account, now.grant, provider.manifest), check }
  }
  if (!grant || freshness === 'stored' || !worthAsking(grant))
    return report({ source: 'stored', error: null })
  if (
    freshness === 'recent' &&
    effectiveHealth(account, grant).status === 'active' &&
    isRecent(core, account)
  ) {
    return report({ source: 'recent', error: null })
  }
  try {
    await verifyLive(core, provider, account, grant)
    return await report({ source: 'live', error: null })
  } catch (error) {
    if (isPostMcpError(error, 'account_not_publishable')) {
      await core.store.accounts.update(scope.workspaceId, accountId, { checkedAt: core.clock.now() })
      return report({ source: 'live', error: null })
    }
    if (isPostMcpError(error, ...codesOfPassingTrouble)) return report({ source: 'failed', error })
    throw error
  }
}

async function readAccount(core: CoreContext, scope: Scope, accountId: AccountId) {
  const account = await core.store.accounts.get(scope.workspaceId, accountId)
  if (!account) throw new PostMcpError('not_found', `There is no account ${accountId}.`)
  const grant = account.grantId ? await core.store.grants.get(scope.workspaceId, account.grantId) : undefined
  return { account, grant, provider: core.providers.get(account.platform, grant?.way) }
}

/** A grant that is gone does not come back by asking again, and asking may be counted against the user. */
const worthAsking = (grant: Grant): boolean =>
  grant.health.status === 'active' || grant.health.status === 'verification_failed'

const isRecent = (core: CoreContext, account: Account): boolean =>
  account.checkedAt !== null &&
  core.clock.now().getTime() - account.checkedAt.getTime() < recentSeconds * 1000

async function verifyLive(
  core: CoreContext,
  provider: Provider,
  account: Account,
  grant: Grant,
): Promise<void> {
  const need =
    provider.manifest.tokens.verifyBy === 'refresh'
      ? ({ kind: 'proof', sinceVersion: grant.version } as const)
      : ({ kind: 'usable' } as const)
  let open = await useGrant(core, grant.workspaceId, grant.id, need)
  for (let again = true; ; again = false) {
    try {
      const { workspaceId, client } = open.grant
      const ctx = await providerContext(core, provider, { workspaceId, client })
      const target = await openTarget(core, account)
      await storeVerification(core, account, open, await provider.verify(ctx, open.access, target))
      return
    } catch (error) {
      const failure = asFinal(readHookFailure(provider, error, 'verify'), provider, open)
      if (failure.classification.kind !== 'access_token_expired' || !again) {
        if (!(await storeFailure(core, account, open.grant, failure, 'verify'))) return
        throw asCheckFailure(failure)
      }
      open = await useGrant(core, grant.workspaceId, grant.id, {
        kind: 'replacement',
        refusedVersion: open.grant.version,
      })
    }
  }
}

/** An access token that ended, and that nothing can renew, is the end of the grant. */
export function asFinal(failure: HookFailure, { manifest }: Provider, { access }: OpenGrant): HookFailure {
  const isRenewable = tokenToRenew(access.tokens, manifest.tokens) !== undefined
  if (failure.classification.kind !== 'access_token_expired' || isRenewable) return failure
  return { ...failure, classification: { kind: 'grant_lost', status: 'expired', reason: 'token_expired' } }
}

/** A refusal that says nothing about the account is an answer we cannot read. */
export function asCheckFailure({ classification, error }: HookFailure): PostMcpError {
  const isUnread = ['refused', 'already_sent', 'credentials_rejected', 'access_token_expired'].includes(
    classification.kind,
  )
  if (!isUnread || error.code === 'address_not_allowed') return error
  const { platform, platformCode, requestId } = error
  return new PostMcpError('platform_response_invalid', error.message, {
    platform,
    platformCode,
    requestId,
    cause: error,
  })
}

async function storeVerification(
  core: CoreContext,
  account: Account,
  open: OpenGrant,
  found: Verification,
): Promise<void> {
  const { grant } = open
  const verdict: HealthVerdict =
    found.status === 'active'
      ? healthy('verify')
      : {
          status: found.status,
          reason: found.reason,
          detectedBy: 'verify',
          platformCode: found.platformCode,
          missingScopes: found.missingScopes ?? [],
        }
  if (!(await recordAccountHealth(core, account, grant, verdict))) return
  if (grant.health.status !== 'active') await recordGrantHealth(core, grant, healthy('verify'))
  if (found.settings) {
    await core.store.grants.updateSettings(grant.workspaceId, grant.id, grant.version, found.settings)
  }
  await core.store.accounts.update(account.workspaceId, account.id, {
    checkedAt: core.clock.now(),
    ...(found.target && {
      handle: found.target.handle,
      displayName: found.target.displayName,
      avatarUrl: found.target.avatarUrl,
      profileUrl: found.target.profileUrl,
      ...(found.target.settings && { settings: found.target.settings }),
    }),
  })
}

/**
 * Writes down what a refusal says about grant or account; passing trouble says nothing.
 * @returns false when the refusal was about an authorization that has been replaced meanwhile: then it is no verdict at all
 */
export async function storeFailure(
  core: CoreContext,
  account: Account,
  grant: Grant,
  { classification, error }: HookFailure,
  detectedBy: 'verify' | 'publish',
): Promise<boolean> {
  const verdict = { detectedBy, platformCode: error.platformCode ?? null, missingScopes: [] }
  if (classification.kind === 'grant_lost') {
    const { status, reason } = classification
    if (!(await recordGrantHealth(core, grant, { ...verdict, status, reason }))) return false
  } else if (classification.kind === 'account_unusable') {
    const { status, reason, missingScopes = [] } = classification
    if (!(await recordAccountHealth(core, account, grant, { ...verdict, status, reason, missingScopes }))) {
      return false
    }
  } else {
    return true
  }
  await core.store.accounts.update(account.workspaceId, account.id, { checkedAt: core.clock.now() })
  return true
}
