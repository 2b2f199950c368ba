import type { CoreContext } from '../core-context.js'
import { newId } from '../model/ids.js'
import type { Workspace } from '../store/store.js'

/** Makes a workspace. */
export async function createWorkspace(
  core: Pick<CoreContext, 'store' | 'clock'>,
  draft: Pick<Workspace, 'name' | 'mode' | 'maxAccounts'> & { plan?: string | undefined },
): Promise<Workspace> {
  const now = core.clock.now()
  const workspace: Workspace = {
    id: newId('workspace', now),
    ...draft,
    plan: draft.plan ?? 'pro',
    createdAt: now,
  }
  await core.store.workspaces.insert(workspace)
  return workspace
}
