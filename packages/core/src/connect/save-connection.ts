import type { CoreContext } from '../core-context.js'
import { effectiveHealth } from '../health/account-report.js'
import type { Complete } from '../idempotency/run-once.js'
import { type Account, type Health, healthy } from '../model/account.js'
import type { Connection } from '../model/connection.js'
import { PostMcpError } from '../model/errors.js'
import { type GrantId, newId, type PostId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import type { Authorization, GrantAccess, Provider, Target } from '../provider/provider.js'
import { secretsOf, tokensOf, writeSecrets, writeTokens } from '../refresh/grant-secrets.js'
import { nextRefreshAt } from '../refresh/refresh-policy.js'
import { takeBack } from '../refresh/take-back.js'
import type { StoreOperations } from '../store/store.js'
import { endUnusedGrant } from './end-grant.js'

/** What an authorization gave and which of its targets are to become accounts. */
export interface Obtained {
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
  { authorization, targets }: Obtained,
  complete: Complete,
): Promise<Account[]> {
  const { workspaceId } = scope
  const platform = provider.manifest.id
  const box = await core.vault.unlock(workspaceId)
  const now = core.clock.now()
  const health: Health = { ...healthy('connect'), since: now }
  const saved = await core.store.transaction(async (tx) => {
    const workspace = await tx.workspaces.lock(workspaceId)
    if (!workspace) throw new PostMcpError('not_found', `There is no workspace ${workspaceId}.`)
    const known = await Promise.all(
      targets.map((target) => tx.accounts.findByTarget(workspaceId, platform, target.targetId)),
    )
    const added = known.filter((account) => !account || account.health.status === 'disconnected').length
    if (workspace.maxAccounts !== null) {
      const left = workspace.maxAccounts - (await tx.accounts.countConnected(workspaceId))
      if (added > left) {
        throw new PostMcpError(
          'plan_limit_reached',
          `Your plan has room for ${Math.max(0, left)} more of ${workspace.maxAccounts} accounts; ${added} were to be added.`,
        )
      }
    }

    const refreshAt = nextRefreshAt(authorization.tokens, provider.manifest.tokens, now, Math.random())
    const grantId = await saveGrant(tx, scope, platform, authorization, health, refreshAt)
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
      const account = await saveAccount(tx, scope, platform, grantId, target, known[index], health)
      wake.push(...(await tx.posts.wakeUnknown(workspaceId, account.id, now)))
      accounts.push(account)
    }
    await tx.jobs.wake(wake.map((postId) => ({ workspaceId, postId })))
    const accountIds = accounts.map((account) => account.id)
    const open = ['pending', 'selecting_targets'] as const
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
    const ended: GrantAccess[] = []
    const gone: Health = { ...health, status: 'disconnected', reason: 'disconnected_by_user' }
    for (const old of new Set(known.map((account) => account?.grantId))) {
      const access = old && old !== grantId && (await endUnusedGrant(tx, box, workspaceId, old, gone))
      if (access) ended.push(access)
    }
    return { accounts, ended }
  })
  for (const access of saved.ended) await takeBack(core, provider, access, null)
  return saved.accounts
}

async function saveGrant(
  tx: StoreOperations,
  { workspaceId }: Scope,
  platform: string,
  authorization: Authorization,
  health: Health,
  refreshAt: Date | null,
): Promise<GrantId> {
  const update = {
    refreshAt,
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
    authMethod: 'credentials',
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
  const { targetId, ...display } = target
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
