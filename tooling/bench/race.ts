import { openField } from './field.js'
import { proveGrants } from './prove-grants.js'
import { Expectations, type Report, rounded } from './report.js'
import { Tallies } from './tallies.js'

export interface RaceOptions {
  /** Of a role that may create databases. */
  postgresUrl: string
  processes: number
  grants: number
  /** How many grants each process uses at the same time. */
  atOnce: number
}

/**
 * Many processes need the same expired grants at once. Every refresh token works once, so that one refresh too many would end a
 * session.
 */
export async function runRace(options: RaceOptions): Promise<Report> {
  const { processes, grants, atOnce } = options
  const field = await openField({ ...options, replay: 'single_use', accessTokenSeconds: 3600, timings: {} })
  try {
    const workers = await Promise.all(
      Array.from({ length: processes }, (_, index) => field.startWorker(`worker-${index}`)),
    )
    const tallies = new Tallies()
    for (const worker of workers) worker.onMessage(tallies.listen)
    const done = workers.map((worker) => worker.next('done'))
    const started = performance.now()
    for (const worker of workers) worker.send({ type: 'go', work: 'once' })
    await Promise.all(done)
    const seconds = (performance.now() - started) / 1000

    const seen = await field.askServer()
    const after = await field.readGrants()
    const lost = after.filter(({ status }) => status !== 'active')
    const aloneSeconds = await proveGrants(field, atOnce)
    const proven = (await field.readGrants()).filter(
      ({ status, version }) => status === 'active' && version === 3,
    )
    const bareSeconds = await field.runBare(atOnce)

    const expected = new Expectations()
    expected.equal('refreshes at the server', seen.requests, grants)
    expected.equal('sessions ended by a second use', seen.reuses, 0)
    expected.equal('revocations', seen.revocations, 0)
    expected.equal('grants used', tallies.uses, processes * grants)
    expected.equal('errors', tallies.failuresInWords, '')
    expected.none(
      'grants lost',
      lost.map(({ id }) => id),
    )
    expected.none(
      'grants not refreshed exactly once',
      after.filter(({ version }) => version !== 2).map(({ id }) => id),
    )
    expected.equal('sessions that work afterwards', proven.length, grants)
    return {
      title: `${processes} processes use ${grants} expired grants at the same time, every refresh token works once`,
      conditions: `Each process: ${atOnce} grants at once in an order of its own, pool of 4 connections, default lease.`,
      figures: [
        ['refreshes seen by the server', seen.requests],
        ['grants lost', lost.length],
        ['errors', tallies.failuresInWords || 0],
        ['sessions that work afterwards', proven.length],
        ['uses of grants', tallies.uses],
        ['wall time', `${rounded(seconds)} s`],
        ['uses per second', rounded(tallies.uses / seconds)],
        ['refreshes per second', rounded(seen.requests / seconds)],
        ['the same refreshes by one process alone', speed(grants, aloneSeconds)],
        ['bare stack: one process, HTTP and one update each', speed(grants, bareSeconds)],
        ['the race against the bare stack', `${rounded(seconds / bareSeconds)} times the wall time`],
        ['one process alone against it', `${rounded(aloneSeconds / bareSeconds)} times the wall time`],
      ],
      broken: expected.broken,
    }
  } finally {
    await field.close()
  }
}

const speed = (refreshes: number, seconds: number): string =>
  `${rounded(seconds)} s, ${rounded(refreshes / seconds)} per second`
