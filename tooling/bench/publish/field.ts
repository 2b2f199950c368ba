import { type BenchCore, openBenchCore } from '../bench-core.js'
import { type Child, startChild } from '../child.js'
import {
  type AccountId,
  connectAccount,
  createEmptyDatabase,
  createWorkspace,
  newKeyRing,
  openConnection,
  type Scope,
  systemClock,
  type Timings,
} from '../core.js'
import type { CoreConfig } from '../messages.js'
import { forEach } from '../pool.js'
import { type Report, rounded } from '../report.js'
import type {
  FromBare,
  FromPlatform,
  FromPublisher,
  PlatformFigures,
  ToPlatform,
  ToPublisher,
} from './messages.js'
import { kinds, postingProviders } from './provider.js'

export type Publisher = Child<ToPublisher, FromPublisher>

/** A post as it stands in the database. */
export interface PostRow {
  state: string
  kind: string
  /** `<account> <text>`, as the platform names it. */
  place: string
  failure: string | null
  due_at: Date
  published_at: Date | null
}

/** Everything posts are published on: a database, platforms, connected accounts. */
export interface PublishField {
  core: BenchCore['core']
  scope: Scope
  accounts: AccountId[]
  startWorker(processId: string): Promise<Publisher>
  /** So many posts without us. @returns how many in a second; null: none were wanted */
  runBare(posts: number, atOnce: number): Promise<number | null>
  loseAnswers(percent: number): void
  askPlatform(): Promise<PlatformFigures>
  /** How many posts are in each state. */
  countStates(): Promise<Record<string, number>>
  readPosts(): Promise<PostRow[]>
  /** Posts of unknown outcome that wait for nobody but a person. */
  countLeftToPeople(): Promise<number>
  close(): Promise<void>
}

/** What a report says of the comparison. @param rate our own posts per second, where nothing but us decides it */
export function bareFigures(bareRate: number | null, rate: number | null = null): Report['figures'] {
  if (bareRate === null) return []
  const figures: Report['figures'] = [
    ['bare: one request and one update each, posts per second', rounded(bareRate)],
  ]
  if (rate !== null) figures.push(['ratio', `1 : ${rounded(bareRate / rate)}`])
  return figures
}

export async function openPublishField(options: {
  /** Of a role that may create databases. */
  postgresUrl: string
  accounts: number
  timings: Partial<Timings>
}): Promise<PublishField> {
  const database = await createEmptyDatabase(options.postgresUrl)
  const { connectionString: databaseUrl } = database
  const platform = startChild<ToPlatform, FromPlatform>('publish/platform')
  const { pool } = openConnection(databaseUrl, 2)
  const children = new Set<{ kill(): Promise<void> }>([platform])
  const keyRing = newKeyRing()
  const { url } = await platform.next('ready')
  const configOf = (processId: string): CoreConfig => ({
    databaseUrl,
    keyRing,
    tokenServerUrl: url,
    replay: 'single_use',
    timings: options.timings,
    processId,
  })
  const { core, close: closeCore } = await openBenchCore(configOf('bench'), systemClock, postingProviders)
  const workspace = await createWorkspace(core, { name: 'Bench', mode: 'live', maxAccounts: null })
  const scope: Scope = { workspaceId: workspace.id, actor: 'local' }
  const accounts: AccountId[] = []
  await forEach(Array(options.accounts).keys(), 8, async (index) => {
    const fields = { name: `account-${index}` }
    const step = await connectAccount(core, scope, {
      platform: `bench${kinds[index % kinds.length]}`,
      fields,
    })
    const account = step.type === 'connected' ? step.accounts[0] : undefined
    if (!account) throw new Error(`Connecting led to ${step.type}.`)
    accounts.push(account.id)
  })
  return {
    core,
    scope,
    accounts,
    async startWorker(processId) {
      const child = startChild<ToPublisher, FromPublisher>('publish/worker')
      children.add(child)
      child.send({ type: 'begin', config: configOf(processId) })
      await child.next('ready')
      return child
    },
    async runBare(posts, atOnce) {
      if (posts === 0) return null
      const child = startChild<never, FromBare>('publish/bare', {
        databaseUrl,
        platformUrl: url,
        posts,
        atOnce,
      })
      children.add(child)
      return posts / (await child.next('done')).seconds
    },
    loseAnswers: (percent) => platform.send({ type: 'lose', percent }),
    async askPlatform() {
      const answer = platform.next('figures')
      platform.send({ type: 'figures' })
      return (await answer).figures
    },
    async countStates() {
      const { rows } = await pool.query<{ state: string; count: string }>(
        'select state, count(*) from posts group by state',
      )
      return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]))
    },
    async readPosts() {
      const { rows } = await pool.query<PostRow>(
        `select p.state, p.platform as kind, a.target_id || ' ' || (g.content ->> 'text') as place,
           p.failure ->> 'code' as failure, p.due_at, p.published_at
         from posts p join accounts a on a.id = p.account_id join post_groups g on g.id = p.group_id`,
      )
      return rows
    },
    async countLeftToPeople() {
      const { rows } = await pool.query<{ count: string }>(
        `select count(*) from posts where state = 'unknown' and wake_at is null`,
      )
      return Number(rows[0]?.count)
    },
    async close() {
      await Promise.all([...children].map((child) => child.kill()))
      await closeCore()
      await pool.end()
      await database.drop()
    },
  }
}
