/**
 * The refresh race as one command, on a throw-away PostgreSQL and a token server of its own:
 *
 *   node tooling/bench/refresh-race.ts --processes 16 --grants 1000
 *   node tooling/bench/refresh-race.ts --processes 16 --grants 1000 --lost 5 --kill-every 1 --seconds 60
 *
 * The second form goes on with trouble: so many per cent of answers lost, and a process killed every so many seconds, once for a
 * platform that answers a repeated refresh the same within a grace, and once for one where a refresh token works once.
 * Exit status 1 when something is not as it must be. See docs/benchmarks.md.
 */
import '@postmcp/tooling/bench/sources'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '16' },
    grants: { type: 'string', default: '1000' },
    'at-once': { type: 'string', default: '20' },
    lost: { type: 'string', default: '0' },
    'kill-every': { type: 'string', default: '0' },
    seconds: { type: 'string', default: '60' },
    'token-seconds': { type: 'string', default: '10' },
    grace: { type: 'string', default: '720' },
    lease: { type: 'string', default: '12' },
  },
})

function numberOf(name: keyof typeof values, least: number): number {
  const value = Number(values[name])
  if (Number.isFinite(value) && value >= least) return value
  console.error(`--${name} must be a number from ${least} up.`)
  process.exit(2)
}

const base = {
  processes: numberOf('processes', 1),
  grants: numberOf('grants', 1),
  atOnce: numberOf('at-once', 1),
}
const trouble = {
  lostPercent: numberOf('lost', 0),
  killEverySeconds: numberOf('kill-every', 0),
  seconds: numberOf('seconds', 1),
  accessTokenSeconds: numberOf('token-seconds', 3),
  leaseSeconds: numberOf('lease', 1),
}
const graceSeconds = numberOf('grace', 1)

// Only now, for these are sources that plain Node cannot run without the hooks.
const [{ runRace }, { runChaos }, { print }, { withThrowAwayPostgres }] = await Promise.all([
  import('@postmcp/tooling/bench/race'),
  import('@postmcp/tooling/bench/chaos'),
  import('@postmcp/tooling/bench/report'),
  import('@postmcp/tooling/bench/throw-away-postgres'),
])

await withThrowAwayPostgres(async (postgresUrl) => {
  const runs = [() => runRace({ ...base, postgresUrl })]
  if (trouble.lostPercent > 0 || trouble.killEverySeconds > 0) {
    for (const replay of [{ graceSeconds }, 'single_use'] as const) {
      runs.push(() => runChaos({ ...base, ...trouble, replay, postgresUrl }))
    }
  }
  for (const run of runs) {
    const report = await run()
    print(report)
    if (report.broken.length > 0) process.exitCode = 1
  }
})
