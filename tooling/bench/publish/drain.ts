import { setTimeout as sleep } from 'node:timers/promises'
import { createPostGroup } from '../core.js'
import { forEach } from '../pool.js'
import { Expectations, type Report, rounded } from '../report.js'
import { bareFigures, openPublishField } from './field.js'

export interface DrainOptions {
  /** Of a role that may create databases. */
  postgresUrl: string
  posts: number
  workers: number
  accounts: number
  /** All are due within so many seconds. */
  withinSeconds: number
  /** How many posts are made bare as well, to compare with; 0: none. */
  barePosts: number
}

const perGroup = 100

/** The value that so many per cent do not exceed; of a sorted list. */
const percentile = (sorted: readonly number[], percent: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0

/** Posts that are scheduled for one minute, and how late they go out. */
export async function runDrain(options: DrainOptions): Promise<Report> {
  const { posts, workers, withinSeconds } = options
  const field = await openPublishField({ ...options, timings: {} })
  try {
    const { core, scope, accounts } = field
    const targets = accounts.slice(0, perGroup).map((accountId) => ({ accountId }))
    const groups = Math.ceil(posts / targets.length)
    const begin = performance.now()
    const probe = 4
    // How long making them takes on this machine, so that the minute begins when all are made.
    const draft = (number: number, publishAt: Date) => ({
      content: { text: `post ${number}`, media: [] },
      targets: targets.slice(0, posts - number * targets.length),
      publishAt: publishAt.toISOString(),
    })
    const far = new Date(Date.now() + 3_600_000)
    await forEach(Array(Math.min(probe, groups)).keys(), 4, async (number) => {
      await createPostGroup(core, scope, {
        ...draft(0, far),
        content: { text: `probe ${number}`, media: [] },
      })
    })
    const perGroupMs = (performance.now() - begin) / probe
    const minuteAt = Date.now() + perGroupMs * groups * 1.5 + 5000
    await forEach(Array(groups).keys(), 4, async (number) => {
      const dueAt = new Date(minuteAt + (number / groups) * withinSeconds * 1000)
      await createPostGroup(core, scope, draft(number, dueAt))
    })
    const isReady = Date.now() < minuteAt
    await Promise.all(Array.from({ length: workers }, (_, number) => field.startWorker(`worker-${number}`)))
    await sleep(Math.max(0, minuteAt - Date.now()))
    const started = Date.now()
    for (;;) {
      const { published = 0 } = await field.countStates()
      if (published >= posts || Date.now() - started > 30 * 60_000) break
      await sleep(500)
    }
    const seconds = (Date.now() - started) / 1000
    const rows = (await field.readPosts()).filter(({ published_at }) => published_at !== null)
    const lags = rows
      .map(({ due_at, published_at }) => ((published_at?.getTime() ?? 0) - due_at.getTime()) / 1000)
      .sort((a, b) => a - b)
    const seen = await field.askPlatform()
    const bareRate = await field.runBare(options.barePosts, 10)
    const expected = new Expectations()
    expected.equal('posts published', rows.length, posts)
    expected.none('posts that are visible twice', seen.duplicates)
    expected.none('posts before their time', lags.filter((lag) => lag < 0).map(String))
    return {
      title: `${posts} posts due within ${withinSeconds} s, drained by ${workers} workers`,
      conditions: `${options.accounts} accounts on three platforms.${isReady ? '' : ' Making them took longer than foreseen: some were due before the workers began.'}`,
      figures: [
        ['seconds from the first one due to the last one out', rounded(seconds)],
        ['posts per second', rounded(posts / seconds)],
        ...[50, 90, 99, 100].map((percent): [string, string] => [
          `lag in seconds, ${percent === 100 ? 'longest' : `${percent} %`}`,
          rounded(percentile(lags, percent)),
        ]),
        ...bareFigures(bareRate),
      ],
      broken: expected.broken,
    }
  } finally {
    await field.close()
  }
}
