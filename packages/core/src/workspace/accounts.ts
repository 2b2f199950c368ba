import type { CoreContext } from '../core-context.js'
import { type AccountReport, reportAccount } from '../health/account-report.js'
import type { Account, Health } from '../model/account.js'
import { PostMcpError } from '../model/errors.js'
import type { AccountId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import type { PageRequest } from '../store/store.js'

async function report(core: CoreContext, account: Account): Promise<AccountReport> {
  const grant = account.grantId
    ? await core.store.grants.get(account.workspaceId, account.grantId)
    : undefined
  return reportAccount(account, grant, core.providers.get(account.platform, grant?.way).manifest)
}

/** Newest first, with the health last known. */
export async function listAccounts(
  core: CoreContext,
  scope: Scope,
  page: PageRequest,
): Promise<AccountReport[]> {
  const accounts = await core.store.accounts.list(scope.workspaceId, page)
  return Promise.all(accounts.map((account) => report(core, account)))
}

/** @throws PostMcpError `not_found` */
export async function getAccount(core: CoreContext, scope: Scope, id: AccountId): Promise<AccountReport> {
  const account = await core.store.accounts.get(scope.workspaceId, id)
  if (!account) throw new PostMcpError('not_found', `There is no account ${id}.`)
  return report(core, account)
}

/** Every change of an account's status, newest first. @throws PostMcpError `not_found` */
export async function listStatusHistory(
  core: CoreContext,
  scope: Scope,
  id: AccountId,
  limit: number,
): Promise<Health[]> {
  await getAccount(core, scope, id)
  return core.store.accounts.listHistory(scope.workspaceId, id, limit)
}
