import { setTimeout as sleep } from 'node:timers/promises'
import { type CoreContext, providerContext } from '../core-context.js'
import { recordAccountHealth, recordGrantHealth } from '../health/record-health.js'
import { isPostMcpError, PostMcpError } from '../model/errors.js'
import type { Grant, TokenSet } from '../model/grant.js'
import type { GrantId, WorkspaceId } from '../model/ids.js'
import { type HookFailure, readHookFailure } from '../provider/hook-failure.js'
import type { GrantAccess, Provider } from '../provider/provider.js'
import { saveSurely } from '../store/save-surely.js'
import { readSecrets, readTokens, secretsOf, tokensOf, writeTokens } from './grant-secrets.js'
import { decideRefresh, type TokenNeed } from './refresh-policy.js'

/** A grant with its secrets open, for the length of one call. */
export interface OpenGrant {
  grant: Grant
  access: GrantAccess
}

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
  return { grant, access: { subject: grant.subject, settings: grant.settings, tokens } }
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
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 1.5, 500)) {
    const open = await openGrant(core, workspaceId, grantId)
    const provider = core.providers.get(open.grant.platform)
    const now = core.clock.now()
    const decision = decideRefresh({
      grant: open.grant,
      tokens: open.access.tokens,
      policy: provider.manifest.tokens,
      need,
      now,
    })
    if (!decision.act) return open
    try {
      await core.refreshFlights.join(grantId, () => refreshUnderLease(core, provider, open, decision.reason))
    } catch (error) {
      const expiresAt = open.access.tokens.accessTokenExpiresAt
      const stillGood = need.kind === 'usable' && (expiresAt === undefined || expiresAt > now)
      if (
        stillGood &&
        isPostMcpError(error, 'platform_unavailable', 'rate_limited', 'platform_response_invalid')
      )
        return open
      throw error
    }
    const after = await core.store.grants.get(workspaceId, grantId)
    if (after && after.version === open.grant.version) {
      // Somebody else holds the lease: wait for what he brings.
      if (Date.now() > giveUpAt) {
        throw new PostMcpError(
          'platform_unavailable',
          'The tokens are being refreshed by another process that does not finish.',
        )
      }
      await sleep(waitMs * (0.75 + Math.random() / 2))
    } else if (need.kind === 'usable') {
      waitMs = 50
    }
  }
}

/** One careful refresh; returns without having done anything when the lease is in other hands. */
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
    if (open.grant.version !== version) return
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
  const fingerprint = box.fingerprint('refresh-token', access.tokens.refreshToken ?? '')
  const left = grant.refreshMarker?.fingerprint === fingerprint ? grant.refreshMarker : null
  const marker = left ?? { fingerprint, sentAt: core.clock.now() }
  if (!(await core.store.grants.setRefreshMarker(workspaceId, id, owner, marker))) return
  core.logger.debug({ grantId: id, platform: grant.platform, why }, 'refreshing')

  const deadline = new Date(Date.now() + core.timings.refreshRequest * 1000)
  let tokens: TokenSet
  try {
    if (!provider.refresh)
      throw new PostMcpError('internal_error', `${provider.manifest.name} has no refresh.`)
    tokens = await provider.refresh(providerContext(core, provider, { deadline }), access, secrets)
  } catch (error) {
    const failure = readHookFailure(provider, error, 'refresh')
    // A refusal leaves no doubt about the token; neither does a request that never arrived.
    if (failure.effect === 'none' && !left) {
      await core.store.grants.setRefreshMarker(workspaceId, id, owner, null)
    }
    throw await judgeRefreshFailure(core, provider, grant, failure, left !== null)
  }
  await saveRefreshed(core, grant, tokens)
}

/** Saves a rotated pair; it exists nowhere else, so nothing comes before this. */
async function saveRefreshed(core: CoreContext, grant: Grant, tokens: TokenSet): Promise<void> {
  const { workspaceId, id } = grant
  const box = await core.vault.unlock(workspaceId)
  const sealed = box.seal(tokensOf(id), writeTokens(tokens))
  await saveSurely(core.logger, 'refreshed tokens', () =>
    core.store.transaction(async (tx) => {
      const saved = await tx.grants.saveRefreshed(workspaceId, id, {
        expectedVersion: grant.version,
        accessTokenExpiresAt: tokens.accessTokenExpiresAt ?? null,
        refreshTokenExpiresAt: tokens.refreshTokenExpiresAt ?? null,
        grantedScopes: tokens.grantedScopes ?? grant.grantedScopes,
      })
      // Not saved: a reconnect has put better tokens there meanwhile, and these are of no use any more.
      if (saved) await tx.credentials.put(workspaceId, tokensOf(id), sealed)
    }),
  )
}

/** What a failed refresh says about the grant, written down where it is definite; returns the error for the caller. */
async function judgeRefreshFailure(
  core: CoreContext,
  provider: Provider,
  grant: Grant,
  failure: HookFailure,
  predecessorUnknown: boolean,
): Promise<PostMcpError> {
  const { classification, error } = failure
  if (classification.kind === 'grant_lost') {
    const reason = predecessorUnknown ? 'refresh_outcome_lost' : classification.reason
    await recordGrantHealth(core, grant, {
      status: 'needs_reauth',
      reason,
      detectedBy: 'refresh',
      platformCode: error.platformCode ?? null,
      missingScopes: [],
    })
  }
  if (classification.kind === 'account_unusable') {
    for (const account of await core.store.accounts.listByGrant(grant.workspaceId, grant.id)) {
      await recordAccountHealth(core, account, grant, {
        status: classification.status,
        reason: classification.reason,
        detectedBy: 'refresh',
        platformCode: error.platformCode ?? null,
        missingScopes: classification.missingScopes ?? [],
      })
    }
  }
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
