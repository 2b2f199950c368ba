import type { CoreContext } from '../core-context.js'
import { effectiveHealth } from '../health/account-report.js'
import type { Complete } from '../idempotency/run-once.js'
import { type Account, type Health, healthy } from '../model/account.js'
import type { Connection } from '../model/connection.js'
import { PostMcpError } from '../model/errors.js'
import type { AuthMethod, GrantClient } from '../model/grant.js'
import { type GrantId, newId, type PostId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import type { Authorization, Provider, Target } from '../provider/provider.js'
import { secretsOf, tokensOf, writeSecrets, writeTokens } from '../refresh/grant-secrets.js'
import { nextRefreshAt, planEnd } from '../refresh/refresh-policy.js'
import { takeBack } from '../refresh/take-back.js'
import { targetSecretsOf } from '../refresh/target-access.js'
import type { StoreOperations } from '../store/store.js'
import { type EndedGrant, endUnusedGrant } from './end-grant.js'
import { accountLimit } from './plans.js'

/** What an authorization gave: the secrets, and all targets it was given for. */
export interface Obtained {
  method: AuthMethod
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
  const platform = provider.manifest.id
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
    const added = known.filter((account) => !account || account.health.status === 'disconnected').length
    const limit = accountLimit(core, workspace)
    if (limit !== null) {
      const left = limit - (await tx.accounts.countConnected(workspaceId))
      if (added > left) {
        throw new PostMcpError(
          'plan_limit_reached',
          `Your plan has room for ${Math.max(0, left)} more of ${limit} accounts; ${added} were to be added.`,
        )
      }
    }

    const { tokens: policy } = provider.manifest
    const plan = {
      refreshAt: nextRefreshAt(authorization.tokens, policy, now, Math.random()),
      endsAt: planEnd(authorization.tokens, now, policy),
    }
    const grantId = await saveGrant(tx, scope, platform, obtained, health, plan)
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

    const accounts: Account[] = []
    const wake: PostId[] = []
    for (const [index, target] of targets.entries()) {
      const kind = provider.manifest.connect.targetKinds[0] ?? ''
      const account = await saveAccount(
        tx,
        scope,
        platform,
        grantId,
        { kind, ...target },
        known[index],
        health,
      )
      const owner = targetSecretsOf(account.id)
      if (target.secrets)
        await tx.credentials.put(workspaceId, owner, box.seal(owner, writeSecrets(target.secrets)))
      else await tx.credentials.deleteAllOf(workspaceId, owner.type, owner.id)
      wake.push(...(await tx.posts.wakeUnknown(workspaceId, account.id, now)))
      accounts.push(account)
    }
    await tx.jobs.wake(wake.map((postId) => ({ workspaceId, postId })))
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

    // Another person's grant may have taken an account over; a grant that feeds nothing any more must not be kept alive.
    const ended: EndedGrant[] = []
    const gone: Health = { ...health, status: 'disconnected', reason: 'disconnected_by_user' }
    for (const old of new Set(known.map((account) => account?.grantId))) {
      const left = old && old !== grantId && (await endUnusedGrant(tx, box, workspaceId, old, gone))
      if (left) ended.push(left)
    }
    return { accounts: accounts.slice(0, chosen.length), ended }
  })
  for (const { grant, tokens } of saved.ended) await takeBack(core, provider, grant, tokens, null)
  return saved.accounts
}

/** Targets that are accounts of the same grant already: a new consent brings them new secrets as well. */
async function siblingsOf(
  tx: StoreOperations,
  { workspaceId }: Scope,
  { manifest }: Provider,
  { authorization, targets }: Obtained,
  chosen: Target[],
): Promise<Target[]> {
  const grant = await tx.grants.findBySubject(workspaceId, manifest.id, authorization.subject)
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

async function saveGrant(
  tx: StoreOperations,
  { workspaceId }: Scope,
  platform: string,
  { authorization, method, client }: Obtained,
  health: Health,
  plan: { refreshAt: Date | null; endsAt: Date | null },
): Promise<GrantId> {
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
  const existing = await tx.grants.findBySubject(workspaceId, platform, authorization.subject)
  if (existing) {
    await tx.grants.replaceAuthorization(workspaceId, existing.id, update)
    return existing.id
  }
  const id = newId('grant', health.since)
  await tx.grants.insert({
    id,
    workspaceId,
    platform,
    subject: authorization.subject,
    version: 1,
    ...update,
  })
  return id
}

async function saveAccount(
  tx: StoreOperations,
  { workspaceId, actor }: Scope,
  platform: string,
  grantId: GrantId,
  target: Target,
  known: Account | undefined,
  health: Health,
): Promise<Account> {
  const { targetId, secrets: _, kind = '', settings = {}, ...shown } = target
  const display = { ...shown, kind, settings }
  const now = health.since
  const account: Account = known
    ? { ...known, ...display, grantId, health }
    : {
        id: newId('account', now),
        workspaceId,
        platform,
        targetId,
        grantId,
        ...display,
        health,
        checkedAt: null,
        lastUsedAt: null,
        createdAt: now,
      }
  const before =
    known &&
    effectiveHealth(known, known.grantId ? await tx.grants.get(workspaceId, known.grantId) : undefined)
  if (known) {
    await tx.accounts.attach(workspaceId, known.id, grantId, health)
    await tx.accounts.update(workspaceId, known.id, display)
  } else {
    await tx.accounts.insert(account)
  }
  await tx.accounts.addHistory(workspaceId, account.id, health)
  const action = known ? 'account.reconnected' : 'account.connected'
  await tx.audit.add({ workspaceId, actor, action, subjectId: account.id, details: { platform } }, now)
  await tx.events.add(
    workspaceId,
    action,
    { accountId: account.id, platform, from: before?.status ?? null },
    now,
  )
  return account
}
