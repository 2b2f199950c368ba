import { setTimeout as sleep } from 'node:timers/promises'
import { type Field, openField, type Worker } from './field.js'
import type { Replay } from './messages.js'
import { proveGrants } from './prove-grants.js'
import type { RaceOptions } from './race.js'
import { Expectations, type Report, rounded } from './report.js'
import { Tallies } from './tallies.js'

export interface ChaosOptions extends RaceOptions {
  replay: Replay
  seconds: number
  /** Of all good answers of the token server: it acts, and the connection breaks. */
  lostPercent: number
  /** A worker is killed each time so many seconds have passed, and replaced; 0: none. */
  killEverySeconds: number
  accessTokenSeconds: number
  /** How long a refresh is in one process's hands without a sign of life. */
  leaseSeconds: number
}

/** What may come of using a grant while answers get lost. */
const passing = 'platform_unavailable'
const isLost = 'account_not_publishable'

/** Processes use short-lived grants on and on while answers get lost and processes are killed. */
export async function runChaos(options: ChaosOptions): Promise<Report> {
  const { processes, grants, atOnce, seconds, lostPercent, killEverySeconds, leaseSeconds, replay } = options
  const requestSeconds = leaseSeconds * 0.75
  const timings = { refreshLease: leaseSeconds, refreshRequest: requestSeconds }
  const field = await openField({ ...options, timings })
  try {
    const tallies = new Tallies()
    field.loseAnswers(lostPercent)
    const crew = new Crew(field, tallies)
    await crew.hire(processes)
    crew.begin()
    const started = Date.now()
    const endAt = started + seconds * 1000
    const everyMs = killEverySeconds * 1000
    for (let killAt = started + everyMs; everyMs > 0 && killAt < endAt; killAt += everyMs) {
      await sleep(Math.max(0, killAt - Date.now()))
      await crew.replaceOne()
    }
    await sleep(Math.max(0, endAt - Date.now()))
    await crew.stop()
    const lasted = (Date.now() - started) / 1000
    field.loseAnswers(0)
    const churned = await field.askServer()
    await proveGrants(field, atOnce)

    const seen = await field.askServer()
    const after = await field.readGrants()
    const lost = after.filter(({ status }) => status !== 'active')
    const saved = after.reduce((sum, { version }) => sum + version - 1, 0)
    const brokenOff = new Set(seen.brokenOff)
    const unlucky = new Set([...brokenOff, ...crew.inHandsOfKilled])
    const expected = new Expectations()
    expected.none(
      'errors nobody should see',
      [...tallies.failures.keys()].filter(
        (code) => code !== passing && (replay !== 'single_use' || code !== isLost),
      ),
    )
    expected.none(
      'grants lost for another reason than an answer that was lost',
      lost
        .filter(({ status, reason }) => status !== 'needs_reauth' || reason !== 'refresh_outcome_lost')
        .map(({ status, reason }) => `${status} ${reason}`),
    )
    expected.none(
      'grants lost though no answer to them was',
      lost.filter(({ subject }) => !unlucky.has(subject)).map(({ id }) => id),
    )
    expected.equal('revocations', seen.revocations, 0)
    expected.equal('pairs made at the server', seen.rotations, saved + lost.length)
    expected.equal('sessions ended by a second use', seen.reuses, lost.length)
    if (replay === 'single_use') {
      expected.none(
        'grants called healthy though their session is gone',
        after
          .filter(({ status, subject }) => status === 'active' && brokenOff.has(subject))
          .map(({ id }) => id),
      )
    } else {
      expected.equal('grants lost', lost.length, 0)
    }
    const kind =
      replay === 'single_use'
        ? 'every refresh token works once'
        : `the same answer again for ${replay.graceSeconds} s`
    return {
      title: `${seconds} s of trouble for ${processes} processes and ${grants} grants: ${lostPercent} % of answers lost, ${
        killEverySeconds ? `a process killed every ${killEverySeconds} s` : 'no process killed'
      }; ${kind}`,
      conditions: `Access tokens live ${options.accessTokenSeconds} s; lease ${leaseSeconds} s and request ${requestSeconds} s instead of 120 s and 90 s, so that take-overs happen within the run.`,
      figures: [
        ['refreshes seen by the server', seen.requests],
        ['of these repeated and answered the same', seen.repeated],
        ['answers lost, grants concerned', brokenOff.size],
        ['processes killed', crew.killed],
        ['grants in the hands of a killed process', crew.inHandsOfKilled.size],
        ['grants lost: needs_reauth, refresh_outcome_lost', lost.length],
        ['grants lost otherwise', lost.filter(({ reason }) => reason !== 'refresh_outcome_lost').length],
        ['sessions that work afterwards', after.length - lost.length],
        ['pairs made at the server = saved + lost', `${seen.rotations} = ${saved} + ${lost.length}`],
        ['uses of grants', tallies.uses],
        ['errors told to callers', tallies.failuresInWords || 0],
        ['seconds until all had finished what they were at', rounded(lasted)],
        ['refreshes per second', rounded(churned.requests / lasted)],
      ],
      broken: expected.broken,
    }
  } finally {
    await field.close()
  }
}

/** The processes at work; one that was killed is replaced by a new one. */
class Crew {
  readonly inHandsOfKilled = new Set<string>()
  killed = 0
  #hired = 0
  readonly #workers = new Set<Worker>()
  readonly #coming: Promise<void>[] = []
  readonly #field: Field
  readonly #tallies: Tallies

  constructor(field: Field, tallies: Tallies) {
    this.#field = field
    this.#tallies = tallies
  }

  async hire(processes: number): Promise<void> {
    await Promise.all(Array.from({ length: processes }, () => this.#start()))
  }

  begin(): void {
    for (const worker of this.#workers) worker.send({ type: 'go', work: 'on and on' })
  }

  /** Kills one and has another start, which takes its time. The last one at work is spared. */
  async replaceOne(): Promise<void> {
    const workers = [...this.#workers]
    const victim = workers[Math.floor(Math.random() * workers.length)]
    if (!victim || workers.length === 1) return
    this.#workers.delete(victim)
    await victim.kill()
    this.killed++
    // Its leases still stand, so nobody has taken over yet.
    for (const subject of await this.#field.inHandsOf(victim.processId)) this.inHandsOfKilled.add(subject)
    this.#coming.push(this.#start().then((worker) => worker.send({ type: 'go', work: 'on and on' })))
  }

  /** Lets everybody finish what is under way. */
  async stop(): Promise<void> {
    await Promise.all(this.#coming)
    const done = [...this.#workers].map((worker) => worker.next('done'))
    for (const worker of this.#workers) worker.send({ type: 'stop' })
    await Promise.all(done)
  }

  async #start(): Promise<Worker> {
    const worker = await this.#field.startWorker(`worker-${this.#hired++}`)
    worker.onMessage(this.#tallies.listen)
    this.#workers.add(worker)
    return worker
  }
}
