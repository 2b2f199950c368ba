import type { CoreContext } from '../core-context.js'
import type { Complete } from '../idempotency/run-once.js'
import { type Account, type Health, healthy } from '../model/account.js'
import type { Connection } from '../model/connection.js'
import { PostMcpError } from '../model/errors.js'
import type { AuthMethod, GrantClient, TokenSet } from '../model/grant.js'
import { type GrantId, newId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import type { Authorization, Provider, Target } from '../provider/provider.js'
import { secretsOf, tokensOf, writeSecrets, writeTokens } from '../refresh/grant-secrets.js'
import { nextRefreshAt, planEnd } from '../refresh/refresh-policy.js'
import { takeBack } from '../refresh/take-back.js'
import type { StoreOperations } from '../store/store.js'
import type { Strongbox } from '../vault/vault.js'
import { type EndedGrant, endUnusedGrant, openTokens } from './end-grant.js'
import { refuseOverPlan } from './plans.js'
import { isAdded, saveAccounts } from './save-accounts.js'

/** What an authorization gave: the secrets, and all targets it was given for. */
export interface Obtained {
  method: AuthMethod
  /** The way through the browser, where it was not the platform's first one. */
  way: string | null
  /** The client it was obtained with; null where none is needed. */
  client: GrantClient | null
  authorization: Authorization
  targets: Target[]
}

/**
 * Makes accounts of targets, in one transaction: the workspace's row is locked, the plan is held, grant, accounts and sealed
 * secrets are written together. A target that is an account already keeps its id and gets the new grant.
 * @throws PostMcpError `plan_limit_reached`; then nothing was written
 */
export async function saveConnection(
  core: CoreContext,
  scope: Scope,
  provider: Provider,
  connection: Connection,
  obtained: Obtained,
  chosen: Target[],
  complete: Complete,
): Promise<Account[]> {
  const { workspaceId } = scope
  const { authorization } = obtained
  const { id: platform, tokens: policy } = provider.manifest
  const box = await core.vault.unlock(workspaceId)
  const now = core.clock.now()
  const health: Health = { ...healthy('connect'), since: now }
  const saved = await core.store.transaction(async (tx) => {
    const workspace = await tx.workspaces.lock(workspaceId)
    if (!workspace) throw new PostMcpError('not_found', `There is no workspace ${workspaceId}.`)
    const targets = [...chosen, ...(await siblingsOf(tx, scope, provider, obtained, chosen))]
    const known = await Promise.all(
      targets.map((target) => tx.accounts.findByTarget(workspaceId, platform, target.targetId)),
    )
    await refuseOverPlan(core, tx, workspace, known.filter((account) => isAdded(account)).length)

    const plan = {
      refreshAt: nextRefreshAt(authorization.tokens, policy, now, Math.random()),
      endsAt: planEnd(authorization.tokens, now, policy),
    }
    const { grantId, replaced } = await saveGrant(tx, box, scope, platform, obtained, health, plan)
    await tx.credentials.put(
      workspaceId,
      tokensOf(grantId),
      box.seal(tokensOf(grantId), writeTokens(authorization.tokens)),
    )
    await tx.credentials.put(
      workspaceId,
      secretsOf(grantId),
      box.seal(secretsOf(grantId), writeSecrets(authorization.secrets)),
    )

    const accounts = await saveAccounts(tx, box, scope, provider, { grantId, targets, known, health })
    await markNotGranted(tx, scope, provider, grantId, accounts, health)
    const accountIds = accounts.slice(0, chosen.length).map((account) => account.id)
    const open = ['pending', 'awaiting_confirmation', 'selecting_targets'] as const
    if (
      !(await tx.connections.advance(workspaceId, connection.id, [...open], {
        state: 'connected',
        accountIds,
      }))
    ) {
      throw new PostMcpError('connection_not_open', `Connection ${connection.id} was completed meanwhile.`)
    }
    await complete(tx, connection.id)

    const ended: EndedGrant[] = []
    // The session that was replaced lives on at the platform; where ending it would end the new one as well, it must.
    if (
      replaced &&
      policy.revocationScope === 'token' &&
      !shareToken(replaced.tokens, authorization.tokens)
    ) {
      ended.push(replaced)
    }
    // Another person's grant may have taken an account over; a grant that feeds nothing any more must not be kept alive.
    const gone: Health = { ...health, status: 'disconnected', reason: 'disconnected_by_user' }
    for (const old of new Set(known.map((account) => account?.grantId))) {
      const left = old && old !== grantId && (await endUnusedGrant(tx, box, workspaceId, old, gone))
      if (left) ended.push(left)
    }
    return { accounts: accounts.slice(0, chosen.length), ended }
  })
  // Only now that the new one is saved; a platform that does not do it costs nobody the new connection.
  for (const { grant, tokens } of saved.ended) await takeBack(core, grant, tokens, null)
  return saved.accounts
}

/** Targets that are accounts of the same grant already: a new consent brings them new secrets as well. */
async function siblingsOf(
  tx: StoreOperations,
  { workspaceId }: Scope,
  { manifest }: Provider,
  { authorization, way, targets }: Obtained,
  chosen: Target[],
): Promise<Target[]> {
  const { subject } = authorization
  const grant = await tx.grants.findBySubject(workspaceId, { platform: manifest.id, way, subject })
  if (!grant) return []
  const accounts = await tx.accounts.listByGrant(workspaceId, grant.id)
  const isChosen = (targetId: string) => chosen.some((target) => target.targetId === targetId)
  return targets.filter(
    ({ targetId }) => !isChosen(targetId) && accounts.some((account) => account.targetId === targetId),
  )
}

/** Accounts of the grant that the new consent does not name any more. */
async function markNotGranted(
  tx: StoreOperations,
  { workspaceId }: Scope,
  { manifest }: Provider,
  grantId: GrantId,
  granted: Account[],
  { since }: Health,
): Promise<void> {
  if (!manifest.connect.listsAllTargets) return
  const health: Health = {
    ...healthy('connect'),
    status: 'missing_permission',
    reason: 'target_not_granted',
    since,
  }
  for (const account of await tx.accounts.listByGrant(workspaceId, grantId)) {
    if (granted.some(({ id }) => id === account.id)) continue
    await tx.accounts.attach(workspaceId, account.id, grantId, health)
    if (account.health.reason === health.reason) continue
    await tx.accounts.addHistory(workspaceId, account.id, health)
    await tx.events.add(
      workspaceId,
      'account.status_changed',
      {
        accountId: account.id,
        platform: account.platform,
        from: account.health.status,
        to: health.status,
        reason: health.reason,
      },
      since,
    )
  }
}

/** @returns the grant, and what it lived by until now */
async function saveGrant(
  tx: StoreOperations,
  box: Strongbox,
  { workspaceId }: Scope,
  platform: string,
  { authorization, method, way, client }: Obtained,
  health: Health,
  plan: { refreshAt: Date | null; endsAt: Date | null },
): Promise<{ grantId: GrantId; replaced: EndedGrant | null }> {
  const update = {
    authMethod: method,
    client,
    ...plan,
    authorizedAt: health.since,
    settings: authorization.settings,
    grantedScopes: authorization.grantedScopes,
    accessTokenExpiresAt: authorization.tokens.accessTokenExpiresAt ?? null,
    refreshTokenExpiresAt: authorization.tokens.refreshTokenExpiresAt ?? null,
    health,
  }
  const { subject } = authorization
  const grant = await tx.grants.findBySubject(workspaceId, { platform, way, subject })
  if (grant) {
    // Before its tokens are read: a refresh that is about to save others waits for the row, and then saves nothing.
    await tx.grants.replaceAuthorization(workspaceId, grant.id, update)
    const tokens = await openTokens(tx, box, workspaceId, grant.id)
    return { grantId: grant.id, replaced: tokens && { grant, tokens } }
  }
  const id = newId('grant', health.since)
  await tx.grants.insert({
    id,
    workspaceId,
    platform,
    way,
    subject,
    version: 1,
    ...update,
  })
  return { grantId: id, replaced: null }
}

/** Whether two sets of tokens are of one session, so that ending the one would end the other. */
const shareToken = (one: TokenSet, other: TokenSet): boolean =>
  one.accessToken === other.accessToken ||
  (one.refreshToken !== undefined && one.refreshToken === other.refreshToken)
