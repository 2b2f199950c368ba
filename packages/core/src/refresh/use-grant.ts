import { setTimeout as sleep } from 'node:timers/promises'
import type { CoreContext } from '../core-context.js'
import { recordAccountHealth, recordGrantHealth } from '../health/record-health.js'
import { isPostMcpError, PostMcpError } from '../model/errors.js'
import type { Grant } from '../model/grant.js'
import type { GrantId, WorkspaceId } from '../model/ids.js'
import { providerContext } from '../oauth/provider-context.js'
import { renewTokens } from '../oauth/renew.js'
import { type HookFailure, readHookFailure } from '../provider/hook-failure.js'
import type { GrantAccess, Provider, RefreshedTokens } from '../provider/provider.js'
import { saveSurely } from '../store/save-surely.js'
import type { Strongbox } from '../vault/vault.js'
import { accessOf } from './grant-access.js'
import { readSecrets, readTokens, secretsOf, tokensOf, writeTokens } from './grant-secrets.js'
import { decideRefresh, nextRefreshAt, planEnd, type TokenNeed, tokenToRenew } from './refresh-policy.js'
import { takeBack } from './take-back.js'

/** A grant with its secrets open, for the length of one call. */
export interface OpenGrant {
  grant: Grant
  access: GrantAccess
}

/** The platform or its user has ended the grant: asking again brings nothing and may be counted against the user. */
export const isLost = ({ health }: Grant): boolean =>
  ['expired', 'revoked', 'needs_reauth', 'disconnected'].includes(health.status)

/** Passing trouble, or the operator's: a token that still lives is used meanwhile. */
const sparesLivingToken = [
  'platform_unavailable',
  'rate_limited',
  'platform_response_invalid',
  'config_invalid',
] as const

/** How long somebody who found the lease taken looks for the winner's tokens, beyond the lease itself. */
const patienceSeconds = 10

/**
 * Reads a grant with its tokens, without refreshing.
 * @throws PostMcpError `not_found`; `account_not_publishable` when its secrets are gone; `sealed_value_corrupt`
 */
export async function openGrant(
  core: CoreContext,
  workspaceId: WorkspaceId,
  grantId: GrantId,
): Promise<OpenGrant> {
  const grant = await core.store.grants.get(workspaceId, grantId)
  if (!grant) throw new PostMcpError('not_found', `There is no grant ${grantId}.`)
  const sealed = await core.store.credentials.get(workspaceId, tokensOf(grantId))
  if (!sealed) throw new PostMcpError('account_not_publishable', 'The account was disconnected.')
  const box = await core.vault.unlock(workspaceId)
  const tokens = readTokens(box.open(tokensOf(grantId), sealed))
  return { grant, access: accessOf(grant, tokens) }
}

/**
 * A grant that can be used now: refreshes when that is due or asked for, once, however many callers in however many processes
 * need it at the same time; the others get the winner's tokens.
 * @throws PostMcpError `account_not_publishable` when the grant is lost (its health then says so), `platform_unavailable` or
 *   `rate_limited` when the refresh failed for the time being and the old access token is no longer of use.
 */
export async function useGrant(
  core: CoreContext,
  workspaceId: WorkspaceId,
  grantId: GrantId,
  need: TokenNeed = { kind: 'usable' },
): Promise<OpenGrant> {
  const giveUpAt = Date.now() + (core.timings.refreshLease + patienceSeconds) * 1000
  let firstVersion: number | undefined
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 1.5, 500)) {
    const open = await openGrant(core, workspaceId, grantId)
    const provider = core.providers.get(open.grant.platform, open.grant.way)
    const now = core.clock.now()
    const decision = decideRefresh({
      grant: open.grant,
      tokens: open.access.tokens,
      policy: provider.manifest.tokens,
      need,
      now,
    })
    // Tokens that were just made are used, though they may end sooner than we like: another refresh would bring no better ones.
    firstVersion ??= open.grant.version
    if (!decision.act || (need.kind === 'usable' && open.grant.version > firstVersion)) return open
    if (isLost(open.grant)) throw lost(open.grant)
    const expiresAt = open.access.tokens.accessTokenExpiresAt
    const stillGood = need.kind === 'usable' && expiresAt !== undefined && expiresAt > now
    try {
      await core.refreshFlights.join(grantId, () => refreshUnderLease(core, provider, open, decision.reason))
    } catch (error) {
      if (stillGood && isPostMcpError(error, ...sparesLivingToken)) return open
      throw error
    }
    const after = await core.store.grants.get(workspaceId, grantId)
    if (!after || after.version !== open.grant.version || isLost(after)) continue
    // Somebody else holds the lease: wait for what he brings, if we have to.
    if (stillGood) return open
    if (Date.now() > giveUpAt) {
      throw new PostMcpError(
        'platform_unavailable',
        'The tokens are being refreshed by another process that does not finish.',
      )
    }
    await sleep(waitMs * (0.75 + Math.random() / 2))
  }
}

const lost = (grant: Grant): PostMcpError =>
  new PostMcpError(
    'account_not_publishable',
    `The authorization is gone: ${grant.health.status}${grant.health.reason ? `, ${grant.health.reason}` : ''}.`,
    { platform: grant.platform, platformCode: grant.health.platformCode ?? undefined },
  )

/**
 * One careful refresh. Returns without having done anything when the lease is in other hands, and also when the answer is
 * about tokens that were replaced meanwhile: the caller reads again.
 */
async function refreshUnderLease(
  core: CoreContext,
  provider: Provider,
  seen: OpenGrant,
  why: string,
): Promise<void> {
  const { workspaceId, id, version } = seen.grant
  const { grants } = core.store
  const owner = `${core.processId}:${crypto.randomUUID()}`
  const seconds = core.timings.refreshLease
  if (!(await grants.acquireRefreshLease(workspaceId, id, { owner, seconds, expectedVersion: version })))
    return
  const renewal = setInterval(
    () => void grants.renewRefreshLease(workspaceId, id, { owner, seconds }).catch(() => {}),
    (seconds * 1000) / 4,
  )
  try {
    // Under the lease: a predecessor may have left a marker after we looked.
    const open = await openGrant(core, workspaceId, id)
    if (open.grant.version !== version || isLost(open.grant)) return
    await sendRefresh(core, provider, open, owner, why)
  } finally {
    clearInterval(renewal)
    await grants.releaseRefreshLease(workspaceId, id, owner).catch(() => {})
  }
}

async function sendRefresh(
  core: CoreContext,
  provider: Provider,
  open: OpenGrant,
  owner: string,
  why: string,
): Promise<void> {
  const { grant, access } = open
  const { workspaceId, id } = grant
  const box = await core.vault.unlock(workspaceId)
  const sealedSecrets = await core.store.credentials.get(workspaceId, secretsOf(id))
  const secrets = sealedSecrets ? readSecrets(box.open(secretsOf(id), sealedSecrets)) : {}

  // The marker is committed before the token leaves: whoever finds it knows that the token may be used up.
  const sent = tokenToRenew(access.tokens, provider.manifest.tokens) ?? ''
  const fingerprint = box.fingerprint('refresh-token', sent)
  const left = grant.refreshMarker?.fingerprint === fingerprint ? grant.refreshMarker : null
  const marker = left ?? { fingerprint, sentAt: core.clock.now() }
  if (!(await core.store.grants.setRefreshMarker(workspaceId, id, owner, marker))) return
  core.logger.debug({ grantId: id, platform: grant.platform, why }, 'refreshing')

  const deadline = new Date(Date.now() + core.timings.refreshRequest * 1000)
  let tokens: RefreshedTokens
  try {
    const ctx = await providerContext(core, provider, { workspaceId, client: grant.client, deadline })
    tokens = await renewTokens(ctx, provider, access, secrets)
  } catch (error) {
    const failure = readHookFailure(provider, error, 'refresh')
    // A refusal leaves no doubt about the token; neither does a request that never arrived.
    if (failure.effect === 'none' && !left) {
      await core.store.grants.setRefreshMarker(workspaceId, id, owner, null)
    }
    if (failure.classification.kind === 'grant_lost' && !provider.manifest.tokens.neededToPublish) {
      return giveUpRefreshing(core, box, open)
    }
    const verdict = await judgeRefreshFailure(core, provider, grant, failure, left !== null)
    if (verdict) throw verdict
    return
  }
  await saveRefreshed(core, provider, box, open, tokens)
}

/** Tokens that only proved who connected have ended: the account lives on without them. */
async function giveUpRefreshing(
  core: CoreContext,
  box: Strongbox,
  { grant, access }: OpenGrant,
): Promise<void> {
  const { workspaceId, id } = grant
  const { refreshToken: _, refreshTokenExpiresAt: __, ...tokens } = access.tokens
  await core.store.transaction(async (tx) => {
    const isNewest = await tx.grants.saveRefreshed(workspaceId, id, {
      expectedVersion: grant.version,
      accessTokenExpiresAt: grant.accessTokenExpiresAt,
      refreshTokenExpiresAt: null,
      refreshAt: null,
      endsAt: null,
      grantedScopes: grant.grantedScopes,
      settings: grant.settings,
    })
    if (isNewest)
      await tx.credentials.put(workspaceId, tokensOf(id), box.seal(tokensOf(id), writeTokens(tokens)))
  })
}

/** Saves a rotated pair; it exists nowhere else, so nothing comes before this. */
async function saveRefreshed(
  core: CoreContext,
  provider: Provider,
  box: Strongbox,
  { grant, access }: OpenGrant,
  { settings = grant.settings, ...brought }: RefreshedTokens,
): Promise<void> {
  const { workspaceId, id } = grant
  // A server that gives no new refresh token leaves the old one valid (RFC 6749 section 6).
  const { refreshToken, refreshTokenExpiresAt } = brought.refreshToken === undefined ? access.tokens : brought
  const tokens = { ...brought, refreshToken, refreshTokenExpiresAt }
  const sealed = box.seal(tokensOf(id), writeTokens(tokens))
  let attempted = false
  const saved = await saveSurely(core.logger, 'refreshed tokens', async () => {
    const retried = attempted
    attempted = true
    return core.store.transaction(async (tx) => {
      const isNewest = await tx.grants.saveRefreshed(workspaceId, id, {
        expectedVersion: grant.version,
        accessTokenExpiresAt: tokens.accessTokenExpiresAt ?? null,
        refreshTokenExpiresAt: refreshTokenExpiresAt ?? null,
        refreshAt: nextRefreshAt(tokens, provider.manifest.tokens, core.clock.now(), Math.random()),
        endsAt: planEnd(tokens, grant.authorizedAt, provider.manifest.tokens),
        grantedScopes: tokens.grantedScopes ?? grant.grantedScopes,
        settings,
      })
      if (isNewest) await tx.credentials.put(workspaceId, tokensOf(id), sealed)
      // A first try whose answer was lost may have been the one that saved.
      return isNewest || (retried && (await tx.credentials.get(workspaceId, tokensOf(id)))?.equals(sealed))
    })
  })
  // A reconnect or a disconnect came in between: nobody will ever use these, so they must not live on at the platform.
  if (!saved && !(await isSameAuthorization(core, grant))) {
    await takeBack(core, { ...grant, settings }, tokens, null)
  }
}

/**
 * Whether the grant still lives by the consent it had. Then who overtook us refreshed the same session, within the grace of the
 * platform or with a refresh token that can be used again, and to end what we brought would end what he saved.
 */
async function isSameAuthorization(core: CoreContext, before: Grant): Promise<boolean> {
  const now = await core.store.grants.get(before.workspaceId, before.id)
  return (
    now !== undefined &&
    now.health.status !== 'disconnected' &&
    now.authorizedAt.getTime() === before.authorizedAt.getTime()
  )
}

/**
 * What a failed refresh says about the grant, written down where it is definite.
 * @returns the error for the caller; null when it was about tokens that are no longer those of the grant
 */
async function judgeRefreshFailure(
  core: CoreContext,
  provider: Provider,
  grant: Grant,
  failure: HookFailure,
  predecessorUnknown: boolean,
): Promise<PostMcpError | null> {
  const { classification, error } = failure
  let isOvertaken = false
  if (classification.kind === 'grant_lost') {
    const hasEnded = grant.refreshTokenExpiresAt !== null && grant.refreshTokenExpiresAt <= core.clock.now()
    const reason = predecessorUnknown
      ? 'refresh_outcome_lost'
      : hasEnded
        ? 'token_expired'
        : classification.reason
    isOvertaken = !(await recordGrantHealth(core, grant, {
      status: 'needs_reauth',
      reason,
      detectedBy: 'refresh',
      platformCode: error.platformCode ?? null,
      missingScopes: [],
    }))
  }
  if (classification.kind === 'account_unusable') {
    for (const account of await core.store.accounts.listByGrant(grant.workspaceId, grant.id)) {
      const recorded = await recordAccountHealth(core, account, grant, {
        status: classification.status,
        reason: classification.reason,
        detectedBy: 'refresh',
        platformCode: error.platformCode ?? null,
        missingScopes: classification.missingScopes ?? [],
      })
      if (!recorded) isOvertaken = true
    }
  }
  if (isOvertaken) return null
  if (classification.kind === 'client_invalid') {
    await core.store.events.add(
      grant.workspaceId,
      'platform.client_invalid',
      { platform: grant.platform, platformCode: error.platformCode ?? null },
      core.clock.now(),
    )
  }
  // A refusal we cannot read is no verdict on the grant.
  return classification.kind === 'refused' || classification.kind === 'access_token_expired'
    ? new PostMcpError('platform_response_invalid', error.message, {
        platform: provider.manifest.id,
        platformCode: error.platformCode,
        cause: error,
      })
    : error
}
