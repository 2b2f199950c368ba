import { setTimeout as sleep } from 'node:timers/promises'
import { createPostGroup } from '../core.js'
import { forEach } from '../pool.js'
import { Expectations, type Report, rounded } from '../report.js'
import { bareFigures, openPublishField, type Publisher, type PublishField } from './field.js'

export interface LoadOptions {
  /** Of a role that may create databases. */
  postgresUrl: string
  posts: number
  workers: number
  accounts: number
  /** Of all posts: the platform acts, and the connection breaks. */
  lostPercent: number
  /** A worker is killed each time all have been there for so many seconds, and replaced; 0: none. */
  killEverySeconds: number
  /** How many posts are made bare as well, to compare with; 0: none. */
  barePosts: number
}

/** Short enough for take-overs to happen within the run. */
const timings = { postLease: 6, send: 3, reconcileMargin: 1, sweep: 1 }

/** Targets of one group; the API takes no more. */
const perGroup = 100

async function createPosts(field: PublishField, posts: number): Promise<void> {
  const { core, scope, accounts } = field
  const targets = accounts.slice(0, perGroup).map((accountId) => ({ accountId }))
  await forEach(Array(Math.ceil(posts / targets.length)).keys(), 4, async (number) => {
    const left = posts - number * targets.length
    const content = { text: `post ${number}`, media: [] }
    await createPostGroup(core, scope, { content, targets: targets.slice(0, left) })
  })
}

const open = ['queued', 'publishing', 'scheduled']

async function untilDone(field: PublishField, onTick: () => Promise<void>): Promise<void> {
  for (;;) {
    await onTick()
    const states = await field.countStates()
    const unfinished = open.reduce((sum, state) => sum + (states[state] ?? 0), 0)
    if (unfinished === 0 && (states.unknown ?? 0) === (await field.countLeftToPeople())) return
    await sleep(500)
  }
}

/** Workers publish what was created while answers get lost and workers are killed. */
export async function runLoad(options: LoadOptions): Promise<Report> {
  const { posts, workers, lostPercent, killEverySeconds } = options
  const field = await openPublishField({ ...options, timings })
  try {
    const creating = performance.now()
    await createPosts(field, posts)
    const created = (performance.now() - creating) / 1000
    field.loseAnswers(lostPercent)
    const crew: Publisher[] = []
    const hire = async (number: number) => void crew.push(await field.startWorker(`worker-${number}`))
    const started = performance.now()
    for (let number = 0; number < workers; number++) await hire(number)
    let killed = 0
    let killAt = Date.now() + killEverySeconds * 1000
    await untilDone(field, async () => {
      if (killEverySeconds === 0 || Date.now() < killAt || crew.length < 2) return
      const [victim] = crew.splice(Math.floor(Math.random() * crew.length), 1)
      await victim?.kill()
      killed++
      await hire(workers + killed)
      killAt = Date.now() + killEverySeconds * 1000
    })
    const seconds = (performance.now() - started) / 1000
    field.loseAnswers(0)

    const rows = await field.readPosts()
    const seen = await field.askPlatform()
    const visible = new Set(seen.visible)
    const inState = (state: string) => rows.filter((row) => row.state === state)
    const published = inState('published')
    const unknown = inState('unknown')
    const expected = new Expectations()
    expected.equal('posts', rows.length, posts)
    expected.none('posts that are visible twice', seen.duplicates)
    expected.none(
      'posts called published that are not visible',
      published.filter(({ place }) => !visible.has(place)).map(({ place }) => place),
    )
    expected.none(
      'posts called failed that are visible',
      inState('failed')
        .filter(({ place }) => visible.has(place))
        .map(({ place }) => place),
    )
    expected.none(
      'posts that are neither visible nor in a named state',
      rows
        .filter(({ state, place }) => !visible.has(place) && state !== 'failed' && state !== 'unknown')
        .map(({ place, state }) => `${place} ${state}`),
    )
    expected.none(
      'posts left to a person where the platform can be asked',
      unknown.filter(({ kind }) => kind !== 'benchnever').map(({ kind, place }) => `${kind} ${place}`),
    )
    const rate = posts / seconds
    const bareRate = await field.runBare(options.barePosts, 10)
    return {
      title: `${posts} posts through ${workers} workers: ${lostPercent} % of answers lost, ${
        killEverySeconds ? `a worker killed every ${killEverySeconds} s` : 'no worker killed'
      }`,
      conditions: `${options.accounts} accounts on three platforms, which clear up lost answers by key, by reading, and not at all. Lease ${timings.postLease} s and send ${timings.send} s instead of 30 s each.`,
      figures: [
        ['published', published.length],
        ['visible twice', seen.duplicates.length],
        ['lost', posts - published.length - unknown.length - inState('failed').length],
        ['failed', inState('failed').length],
        ['left to a person, of the platform that cannot be asked', unknown.length],
        ['answers lost', seen.lost],
        ['workers killed', killed],
        ['seconds to create them', rounded(created)],
        ['seconds to publish them', rounded(seconds)],
        ['posts per second', rounded(rate)],
        ...bareFigures(bareRate, rate),
      ],
      broken: expected.broken,
    }
  } finally {
    await field.close()
  }
}
