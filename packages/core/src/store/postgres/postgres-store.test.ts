import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { silentLogger } from '../../model/ambient.js'
import { newId } from '../../model/ids.js'
import { testStore } from '../../testing/store-suite.js'
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../../testing/test-database.js'
import { openPostgresStore } from './index.js'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())

testStore('postgres', { open: () => database.openStore() })

describe('opening a database', () => {
  it('says that there is none, without the password', async () => {
    const url = new URL(database.connectionString)
    for (const change of [
      () => {
        url.port = '1'
      },
      () => {
        url.port = new URL(database.connectionString).port
        url.pathname = '/no_such_database'
      },
    ]) {
      change()
      const error = await openPostgresStore({ connectionString: url.href, logger: silentLogger }).catch(
        (e) => e,
      )
      expect(error).toMatchObject({ code: 'database_unavailable' })
      expect(JSON.stringify(error)).not.toContain(url.password || 'postgresql://')
    }
  })

  it('works for several processes at once, the first time too', async () => {
    const { connectionString, drop } = await createEmptyDatabase(inject('postgresUrl'))
    const stores = await Promise.all(
      Array.from({ length: 6 }, () => openPostgresStore({ connectionString, logger: silentLogger })),
    )
    // Every connection of every pool: a race for the schema once left some of them in a broken transaction.
    for (const store of stores) await Promise.all(Array.from({ length: 8 }, () => store.ping()))
    await Promise.all(stores.map((store) => store.close()))
    await drop()
  })

  it('refuses one that a newer version has migrated', async () => {
    const { connectionString, drop } = await createEmptyDatabase(inject('postgresUrl'))
    const store = await openPostgresStore({ connectionString, logger: silentLogger })
    await store.close()
    const { Client } = (await import('pg')).default
    const client = new Client({ connectionString })
    await client.connect()
    await client.query("insert into kysely_migration (name, timestamp) values ('9999-future', 'now')")
    await client.end()
    await expect(openPostgresStore({ connectionString, logger: silentLogger })).rejects.toMatchObject({
      code: 'config_invalid',
      nextAction: 'Use the newest version of PostMCP with this database, or a database of its own.',
    })
    await drop()
  })
})

describe('a connection that dies', () => {
  it('between two statements of a transaction fails that transaction and nothing else', async () => {
    const store = await database.openStore({ maxConnections: 1 })
    const id = newId('workspace')
    const broken = store.transaction(async (tx) => {
      await tx.workspaces.insert({
        id,
        name: 'W',
        mode: 'live',
        maxAccounts: null,
        plan: 'pro',
        createdAt: new Date(),
      })
      await database.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'",
      )
      await sleep(100)
      await tx.workspaces.get(id)
    })
    await expect(broken).rejects.toMatchObject({ code: 'database_unavailable' })
    await store.ping()
    expect(await store.workspaces.get(id)).toBeUndefined()
  })
})

describe('waiting wake-ups', () => {
  it('are at most one per post, and lost ones harm nothing', async () => {
    const store = await database.openStore()
    const wakeUp = { workspaceId: newId('workspace'), postId: newId('post') }
    for (let i = 0; i < 3; i++) await store.jobs.wake([wakeUp])
    const waiting = await database.query(
      "select 1 from pgboss.job where data->>'postId' = $1 and state = 'created'",
      [wakeUp.postId],
    )
    expect(waiting).toHaveLength(1)
    await database.query('delete from pgboss.job')
    await store.jobs.wake([wakeUp])
  })

  it('cost a consuming process few connections', async () => {
    const store = await database.openStore()
    const consumer = await store.consume(async () => {})
    await Promise.all(Array.from({ length: 20 }, () => store.ping()))
    const [row] = await database.query<{ count: string }>(
      "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'postmcp-jobs'",
    )
    expect(Number(row?.count)).toBeLessThanOrEqual(3)
    await consumer.stop()
  })
})
