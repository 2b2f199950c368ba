import type { CoreContext } from '../core-context.js'
import type { Scope } from '../model/scope.js'
import { interruptedAfterSeconds, obtainedOf, presentState } from './connection-steps.js'
import { giveBack, openObtained } from './settle.js'

/**
 * Ends connections that waited too long: what was authorized and never chosen or confirmed is ended at the platform, and
 * destroyed here. May run in several processes at once.
 * @returns whether there may be more
 */
export async function endStaleConnections(core: CoreContext): Promise<{ more: boolean }> {
  const limit = 20
  const now = core.clock.now()
  const interruptedBefore = new Date(now.getTime() - interruptedAfterSeconds * 1000)
  const stale = await core.store.connections.listStale(now, interruptedBefore, limit)
  for (const connection of stale) {
    const { workspaceId, id } = connection
    const { state, failureReason } = presentState(core, connection)
    if (state === connection.state) continue
    const provider = core.providers.get(connection.platform)
    const scope: Scope = { workspaceId, actor: 'system' }
    if (await core.store.credentials.get(workspaceId, obtainedOf(id))) {
      // Before the row is closed, so that a process that dies in between is followed by one that tries again.
      const obtained = await openObtained(core, connection).catch(() => null)
      if (obtained) await giveBack(core, provider, scope, obtained)
    }
    await core.store.transaction(async (tx) => {
      await tx.connections.advance(workspaceId, id, [connection.state], { state, failureReason })
      await tx.credentials.deleteAllOf(workspaceId, 'connection', id)
    })
  }
  return { more: stale.length === limit }
}
