import { type Kysely, sql, type Transaction } from 'kysely'
import { fromKysely, PgBoss } from 'pg-boss'
import type { Logger } from '../../model/ambient.js'
import type { PostWakeUp, StoreOperations } from '../store.js'
import type { Database } from './schema.js'

const queue = 'post-wake-up'

/** The job queue: pg-boss in its own schema, used for wake-ups only, so its retries and expiry are off. */
export interface Jobs {
  operations(db: Kysely<Database> | Transaction<Database>): StoreOperations['jobs']
  consume(handle: (wakeUps: PostWakeUp[]) => Promise<void>): Promise<{ stop(): Promise<void> }>
  close(): Promise<void>
}

/** Held while pg-boss's schema is made: its own lock does not keep two first starts from colliding. Any number. */
const installLock = 7_130_400_118

/** Makes or updates pg-boss's schema and our queue; processes that start together take turns. */
async function install(db: Kysely<Database>, report: (error: Error) => void): Promise<void> {
  await db.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${installLock})`.execute(connection)
    try {
      const boss = new PgBoss({ db: fromKysely(connection), supervise: false, schedule: false })
      boss.on('error', report)
      await boss.start()
      await boss.createQueue(queue, {
        policy: 'short', // at most one waiting job per singletonKey
        retryLimit: 0,
        expireInSeconds: 60,
        deleteAfterSeconds: 60,
        notify: true,
      })
      await boss.stop({ graceful: false, close: false })
    } finally {
      await sql`select pg_advisory_unlock(${installLock})`.execute(connection)
    }
  })
}

/**
 * @param db runs pg-boss's own statements, from our pool
 * @param connectionString where a consuming process listens for wake-ups
 */
export async function startJobs(
  db: Kysely<Database>,
  connectionString: string,
  logger: Logger,
): Promise<Jobs> {
  const report = (error: Error) => logger.warn({ error: error.message }, 'job queue')
  await install(db, report)
  const sender = new PgBoss({ db: fromKysely(db), supervise: false, schedule: false, migrate: false })
  sender.on('error', report)
  await sender.start()
  const consumers = new Set<PgBoss>()
  return {
    operations: (handle) => ({
      async wake(wakeUps) {
        if (wakeUps.length === 0) return
        await sender.insert(
          queue,
          wakeUps.map((data) => ({ data, singletonKey: data.postId })),
          { db: fromKysely(handle) },
        )
      },
    }),
    async consume(handle) {
      const boss = new PgBoss({
        connectionString,
        max: 2,
        application_name: 'postmcp-jobs',
        useListenNotify: true,
        migrate: false,
        schedule: false,
      })
      boss.on('error', report)
      await boss.start()
      consumers.add(boss)
      await boss.work<PostWakeUp>(
        queue,
        {
          batchSize: 50,
          pollingIntervalSeconds: 0.5,
          notifyPollingIntervalSeconds: 2,
          burstWhenBatchFull: true,
        },
        (jobs) => handle(jobs.map((job) => job.data)),
      )
      return {
        async stop() {
          consumers.delete(boss)
          await boss.stop({ graceful: true, timeout: 5000 })
        },
      }
    },
    async close() {
      for (const boss of consumers) await boss.stop({ graceful: false })
      await sender.stop({ graceful: false, close: false })
    },
  }
}
