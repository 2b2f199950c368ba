import type { CoreContext } from '../core-context.js'
import type { Scope } from '../model/scope.js'
import { nameApplication } from '../provider/ways.js'

/** What this workspace has an application for to connect with, its own or the operator's: see `applicationId`. */
export async function configuredClients(core: CoreContext, { workspaceId }: Scope): Promise<Set<string>> {
  const workspace = await core.store.workspaces.get(workspaceId)
  const own = await core.store.oauthClients.listOwn(workspaceId)
  return new Set([
    ...Object.keys(core.environments[workspace?.mode ?? 'live']?.clients ?? {}),
    ...own.map(({ platform, way }) => nameApplication(platform, way)),
  ])
}
