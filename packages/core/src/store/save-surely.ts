import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../model/ambient.js'
import { isPostMcpError } from '../model/errors.js'

/**
 * Saves what cannot be got a second time: while the database does not answer it tries again, for up to ten minutes. Anything
 * else that goes wrong is thrown at once.
 */
export async function saveSurely<T>(logger: Logger, what: string, save: () => Promise<T>): Promise<T> {
  const giveUpAt = Date.now() + 10 * 60 * 1000
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 5000)) {
    try {
      return await save()
    } catch (error) {
      if (!isPostMcpError(error, 'database_unavailable') || Date.now() > giveUpAt) throw error
      logger.error({ what, retryInMs: waitMs }, 'could not save, trying again')
      await sleep(waitMs)
    }
  }
}
