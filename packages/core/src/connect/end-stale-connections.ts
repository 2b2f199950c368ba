import type { CoreContext } from '../core-context.js'
import type { Connection } from '../model/connection.js'
import { isPostMcpError } from '../model/errors.js'
import { closeConnection, giveBackKept, giveBackSeconds } from './close-connection.js'
import { interruptedAfterSeconds, presentState } from './connection-steps.js'

/** Connections dealt with in one go. */
const batch = 20

/**
 * Ends connections that waited too long: what was authorized and never chosen or confirmed is ended at the platform, and
 * destroyed here; also what somebody closed and died before ending. May run in several processes at once.
 * @returns whether there may be more
 */
export async function endStaleConnections(core: CoreContext): Promise<{ more: boolean }> {
  const now = core.clock.now()
  const interruptedBefore = new Date(now.getTime() - interruptedAfterSeconds * 1000)
  const left = await core.store.connections.takeToGiveBack(now, giveBackSeconds, batch)
  for (const connection of left) await attempt(core, connection, () => giveBackKept(core, connection))
  const stale = await core.store.connections.listStale(now, interruptedBefore, batch)
  for (const connection of stale) {
    const end = presentState(core, connection)
    if (end.state === connection.state) continue
    const { state, failureReason } = end
    await attempt(core, connection, () => closeConnection(core, connection, { state, failureReason }))
  }
  return { more: left.length === batch || stale.length === batch }
}

/** One that cannot be ended, for whatever reason, must not stand in the way of all that come after it. */
async function attempt(core: CoreContext, { id }: Connection, end: () => Promise<unknown>): Promise<void> {
  try {
    await end()
  } catch (error) {
    if (isPostMcpError(error, 'database_unavailable')) throw error
    const code = isPostMcpError(error) ? error.code : 'internal_error'
    core.logger.warn({ connectionId: id, code }, 'a connection could not be ended')
  }
}
