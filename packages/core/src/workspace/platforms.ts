import type { CoreContext } from '../core-context.js'
import type { Scope } from '../model/scope.js'

/** The platforms for which this workspace has an application to connect with: its own, or the operator's. */
export async function configuredClients(core: CoreContext, { workspaceId }: Scope): Promise<Set<string>> {
  const workspace = await core.store.workspaces.get(workspaceId)
  const own = await core.store.oauthClients.listOwn(workspaceId)
  return new Set([
    ...Object.keys(core.environments[workspace?.mode ?? 'live']?.clients ?? {}),
    ...own.map(({ platform }) => platform),
  ])
}
