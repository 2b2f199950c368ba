import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { AccountId, PostGroupId, WorkspaceId } from '../../model/ids.js'
import { createTestDatabase, type TestDatabase } from '../../testing/test-database.js'
import { openConnection } from './connection.js'
import { groupsById, groupsByTime } from './list-groups.js'
import type { Database } from './schema.js'

const workspaceId = 'ws_1' as WorkspaceId
const groups = 20_000
/** Its posts are the oldest ones, so that a walk from the newest on would pass by all others. */
const quiet = 'acct_quiet' as AccountId
const at = (minutes: number) => new Date(Date.UTC(2026, 0, 1) + minutes * 60_000)

let database: TestDatabase
let db: Kysely<Database>
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
  db = openConnection(database.connectionString).db
  await database.query(
    `insert into workspaces (id, name, mode, created_at) values ('ws_1', 'W', 'live', now())`,
  )
  await database.query(
    `insert into accounts (workspace_id, id, platform, target_id, handle, kind, settings, created_at, status, status_reason, status_since, status_detected_by)
     select 'ws_1', id, platform, id, id, 'page', '{}', now(), 'disconnected', 'disconnected_by_user', now(), 'user'
     from (values ('acct_busy', 'memory'), ('acct_quiet', 'other')) as one (id, platform)`,
  )
  // One a minute; every hundredth is scheduled, for a day later.
  await database.query(
    `insert into post_groups (workspace_id, id, content, created_by, created_at, publish_at)
     select 'ws_1', 'pg_' || lpad(n::text, 6, '0'), '{"text":"x","media":[]}', 'local', $1::timestamptz + n * interval '1 minute',
       case when n % 100 = 0 then $1::timestamptz + (n + 1440) * interval '1 minute' end
     from generate_series(1, $2::int) n`,
    [at(0), groups],
  )
  await database.query(
    `insert into posts (workspace_id, id, group_id, account_id, platform, state, due_at, wake_at, created_at)
     select 'ws_1', 'post_' || lpad(n::text, 6, '0'), 'pg_' || lpad(n::text, 6, '0'),
       case when n <= 30 then 'acct_quiet' else 'acct_busy' end, case when n <= 30 then 'other' else 'memory' end,
       case when n <= 40 then 'failed' else 'published' end, now(), null, now()
     from generate_series(1, $1::int) n`,
    [groups],
  )
  await database.query('analyze')
})
afterAll(async () => {
  await db.destroy()
  await database.drop()
})

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  Plans?: Plan[]
}

/** What the database did for a query: which indexes it used, what it read from end to end, how many rows it touched. */
async function whatItTakes(query: ReturnType<typeof groupsById | typeof groupsByTime>) {
  const [
    {
      'QUERY PLAN': [{ Plan: plan }],
    },
  ] = (await query.explain('json', sql`analyze`)) as [{ 'QUERY PLAN': [{ Plan: Plan }] }]
  const nodes: Plan[] = []
  const walk = (node: Plan) => {
    nodes.push(node)
    for (const each of node.Plans ?? []) walk(each)
  }
  walk(plan)
  const ofTables = nodes.filter((node) => node['Node Type'].includes('Scan'))
  return {
    indexes: nodes.flatMap((node) => node['Index Name'] ?? []),
    fullScans: ofTables.flatMap((node) =>
      node['Node Type'] === 'Seq Scan' && node['Relation Name'] !== 'accounts'
        ? (node['Relation Name'] ?? [])
        : [],
    ),
    rows: ofTables.reduce((sum, node) => sum + node['Actual Rows'] * node['Actual Loops'], 0),
  }
}

const limit = 50
const after = 'pg_010000' as PostGroupId

describe('a page of post groups among twenty thousand', () => {
  it.each([
    ['of all', {}, 'post_groups_pkey'],
    ['with a post in a state', { states: ['failed', 'published'] as const }, 'posts_by_state'],
    ['in a state that only the oldest have', { states: ['failed'] as const }, 'posts_by_state'],
    ['in a state that none has', { states: ['unknown', 'draft'] as const }, 'posts_by_state'],
    ['of an account', { accountIds: [quiet] }, 'posts_of_account_by_state'],
    [
      'of an account in a state',
      { accountIds: [quiet], states: ['failed'] as const },
      'posts_of_account_by_state',
    ],
    ['of a platform', { platforms: ['memory', 'other'] }, 'posts_of_account_by_state'],
  ])('%s is read by an index, no further than it goes', async (_, filter, index) => {
    for (const page of [{ limit }, { limit, after }]) {
      const { indexes, fullScans, rows } = await whatItTakes(groupsById(db, workspaceId, page, filter))
      expect(fullScans).toEqual([])
      expect(indexes).toContain(index)
      expect(rows).toBeLessThan(limit * 10)
    }
  })

  it.each([
    ['a day', { from: at(10_000), before: at(11_440) }],
    ['all there is', { from: at(0) }],
    ['all there is, of posts that most are', { from: at(0), states: ['published'] as const }],
  ])('of %s is read by the times', async (_, filter) => {
    for (const last of [undefined, { id: after, time: at(11_000) }]) {
      const { indexes, fullScans, rows } = await whatItTakes(
        groupsByTime(db, workspaceId, limit, filter, last),
      )
      expect(fullScans).toEqual([])
      expect(indexes).toContain('post_groups_by_time')
      expect(rows).toBeLessThan(limit * 10)
    }
  })

  it('of a day that few posts of match touches what lies in that day', async () => {
    const range = { from: at(10_000), before: at(11_440), accountIds: [quiet] }
    const { fullScans, rows } = await whatItTakes(groupsByTime(db, workspaceId, limit, range))
    expect(fullScans).toEqual([])
    expect(rows).toBeLessThan(1440 * 3)
  })
})
