import { setTimeout as sleep } from 'node:timers/promises'
import { type ProductProcess, startServer } from '../support/processes.js'
import type { Time } from '../support/time.js'
import { until } from '../support/until.js'
import { type Hold, holdAt } from './hold.js'
import { type ContentKind, freshen, type Lane, type LanePost, nameOf, type Step } from './lane.js'
import { type Cell, judge } from './verdict.js'
import type { FaultWorld } from './world.js'

/** What happens to the product while a request is with the platform, by the names of the tables. */
export const processFaults = {
  'SIGKILL before': { at: 'request', act: 'kill' },
  'SIGKILL after': { at: 'answer', act: 'kill' },
  'SIGSTOP before': { at: 'request', act: 'stop' },
  'SIGSTOP after': { at: 'answer', act: 'stop' },
  'database restart': { at: 'answer', act: 'restart database' },
  'jobs emptied': { at: 'request', act: 'empty jobs' },
} as const
export type ProcessFault = keyof typeof processFaults

/** A world whose clock is that of all processes, and whose database can be restarted. */
export interface ProcessWorld extends FaultWorld {
  time: Time
  clockFile: string
  /** @param meanwhile what happens while it is away */
  restartDatabase(meanwhile: () => void): Promise<void>
}

/** One platform's part in a round: the fault meets the request with this number. */
export interface Part {
  lane: Lane
  kind: ContentKind
  at: number
  step: Step
}

interface Held extends Part {
  post: LanePost
  hold: Hold
}

interface Row {
  id: string
  state: string
  due_at: Date
  wake_at: Date | null
  is_leased: boolean
}

const isOver = ({ state, wake_at }: Row) =>
  ['published', 'failed', 'cancelled'].includes(state) || (state === 'unknown' && wake_at === null)

/** Longer than any wait in earnest: a lease, the start of a process on a busy machine. */
const patienceMs = 90_000
/** So long a post that is due may wait for the worker before time passes for the sweeper. */
const dueForMs = 1500

/** Publishes with workers in processes of their own, and does to them what the fault says while a request of each platform is held. */
export class ProcessRounds {
  readonly #world: ProcessWorld
  #worker: ProductProcess | null = null

  constructor(world: ProcessWorld) {
    this.#world = world
  }

  /** One post for each part; the fault meets all of them at once. */
  async run(name: ProcessFault, parts: readonly Part[]): Promise<Cell[]> {
    const { at, act } = processFaults[name]
    this.#worker ??= await this.#start()
    await freshen(parts.map(({ lane }) => lane))
    const held: Held[] = []
    try {
      // Where time has to pass first it passes for all; so the others begin later.
      for (const waits of [true, false]) {
        for (const part of parts.filter(({ step }) => step.waits === waits)) {
          const hold = holdAt(part.lane, part.at, at)
          held.push({ ...part, hold, post: await part.lane.createPost(part.kind) })
        }
        await this.#letTimePass(() => held.filter(({ hold }) => !hold.isReached()))
      }
      await this.#strike(act, this.#worker, held)
    } finally {
      for (const { hold } of held) hold.release('break')
    }
    return Promise.all(held.map((one) => judged(name, one)))
  }

  async #strike(act: string, worker: ProductProcess, held: readonly Held[]): Promise<void> {
    const release = (how?: 'break') => {
      for (const { hold } of held) hold.release(how)
    }
    switch (act) {
      case 'kill':
        await worker.end('SIGKILL')
        release('break')
        this.#worker = await this.#start()
        return this.#letTimePass(() => held)
      case 'stop': {
        const reached = held.filter(({ hold }) => hold.isReached())
        worker.kill('SIGSTOP')
        this.#worker = await this.#start()
        await this.#letTimePass(() => held)
        release('break')
        worker.kill('SIGCONT')
        await untilNoticed(worker, reached)
        await worker.end('SIGKILL')
        return
      }
      case 'restart database':
        await this.#world.restartDatabase(release)
        return this.#letTimePass(() => held)
      case 'empty jobs':
        await this.#world.product.database.query('delete from pgboss.job')
        release()
        return this.#letTimePass(() => held)
    }
  }

  async close(): Promise<void> {
    await this.#worker?.end('SIGKILL')
  }

  #start(): Promise<ProductProcess> {
    const { product, clockFile } = this.#world
    return startServer('worker', product.env, { clockFile })
  }

  /** Until nothing more happens to these by itself: moves the clock to where something does, whenever nobody is at work. */
  async #letTimePass(those: () => readonly Held[]): Promise<void> {
    const { time } = this.#world
    const dueSince = new Map<string, number>()
    const giveUpAt = Date.now() + patienceMs
    while (Date.now() < giveUpAt) {
      const rows = (await this.#rows(those())).filter((row) => !isOver(row))
      if (rows.length === 0) return
      const now = time.now()
      const isBusy = rows.some(({ id, is_leased, due_at }) => {
        if (is_leased) dueSince.delete(id)
        if (is_leased || due_at > now) return is_leased
        const since = dueSince.get(id) ?? Date.now()
        dueSince.set(id, since)
        return Date.now() - since < dueForMs
      })
      const next = rows.flatMap(({ wake_at }) => wake_at ?? []).sort((one, other) => +one - +other)[0]
      if (!isBusy && next) time.moveTo(next)
      await sleep(25)
    }
  }

  #rows(held: readonly Held[]): Promise<Row[]> {
    const ids = held.map(({ post }) => post.id)
    return this.#world.product.database.query<Row & Record<string, unknown>>(
      `select id, state, due_at, wake_at, coalesce(lease_until >= clock_timestamp(), false) as is_leased
       from posts where id = any($1)`,
      [ids],
    )
  }
}

/** Until a process that was stopped has written nothing about any of these posts, and said so. */
async function untilNoticed(worker: ProductProcess, held: readonly Held[]): Promise<void> {
  const unaware = () => {
    const lines = worker.output().split('\n')
    return held.filter(
      ({ post }) => !lines.some((line) => line.includes(post.id) && line.includes('passed into other hands')),
    )
  }
  await until('the woken process has noticed', async () => unaware().length === 0).catch(() => {
    const names = unaware().map(({ lane, at, step: { method, path }, post }) => {
      const said = worker
        .output()
        .split('\n')
        .filter((line) => line.includes(post.id))
      return `${lane.id} at request ${at} (${method} ${path}), which said ${said.join(' ')}`
    })
    throw new Error(`The woken process has not noticed that it lost ${names.join('; ')}.`)
  })
}

async function judged(fault: string, { lane, kind, at, step: meant, post, hold }: Held): Promise<Cell> {
  const reached = hold.reached()
  // How often a platform is asked whether it is ready differs from time to time, so another request may have this number.
  const step = reached ? { ...meant, method: reached.method, path: nameOf(reached.path) } : meant
  const verdict = judge(lane, post, await lane.get(post), step)
  const isMissed = !reached && verdict.result === 'published'
  return { platform: lane.id, fault, kind, at, step, ...verdict, ...(isMissed && { result: 'not_met' }) }
}
