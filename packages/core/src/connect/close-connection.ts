import type { CoreContext } from '../core-context.js'
import type { Connection } from '../model/connection.js'
import { isPostMcpError } from '../model/errors.js'
import type { Scope } from '../model/scope.js'
import { obtainedOf } from './connection-steps.js'
import { giveBack, openObtained } from './settle.js'

/** How long whoever closed a connection has to give back what it kept, before somebody else does. */
export const giveBackSeconds = 60

/**
 * Closes a connection, and then ends at the platform what it had obtained: whoever was quicker and made accounts of it keeps
 * them. What is to be ended stays sealed until that was tried, so that a process that dies in between is followed by one that
 * tries again.
 * @returns false when it had moved on already; then nothing is closed and nothing ended
 */
export async function closeConnection(
  core: CoreContext,
  connection: Connection,
  end: Pick<Connection, 'state' | 'failureReason'>,
): Promise<boolean> {
  const { workspaceId, id, state } = connection
  const giveBackAt = new Date(core.clock.now().getTime() + giveBackSeconds * 1000)
  const closed = await core.store.transaction(async (tx) => {
    if (!(await tx.connections.advance(workspaceId, id, [state], { ...end, giveBackAt }))) return null
    const isKept = (await tx.credentials.get(workspaceId, obtainedOf(id))) !== undefined
    if (!isKept) {
      await tx.credentials.deleteAllOf(workspaceId, 'connection', id)
      await tx.connections.noteGivenBack(workspaceId, id)
    }
    return { isKept }
  })
  if (closed?.isKept) await giveBackKept(core, connection)
  return closed !== null
}

/** Ends at the platform what a closed connection had obtained, and destroys it here. May be repeated. */
export async function giveBackKept(core: CoreContext, connection: Connection): Promise<void> {
  const { workspaceId, id, platform, way } = connection
  const scope: Scope = { workspaceId, actor: 'system' }
  const obtained = await openObtained(core, connection).catch((error: unknown) => {
    // Damaged, or given back by somebody else: nothing is left that could be ended.
    if (isPostMcpError(error, 'sealed_value_corrupt', 'connection_not_open')) return null
    throw error
  })
  if (obtained) await giveBack(core, core.providers.get(platform, way), scope, obtained)
  await core.store.transaction(async (tx) => {
    await tx.credentials.deleteAllOf(workspaceId, 'connection', id)
    await tx.connections.noteGivenBack(workspaceId, id)
  })
}
