/**
 * Publishing under load as one command, on a throw-away PostgreSQL and platforms of its own:
 *
 *   node tooling/bench/publish-load.ts --posts 100000 --workers 3 --kill-every 3 --lost 2
 *   node tooling/bench/publish-load.ts --due 10000 --within 60 --workers 2
 *
 * The first form publishes while answers get lost and workers are killed; the second drains posts that are all due within a minute
 * and tells how late they went out. Exit status 1 when something is not as it must be. See docs/benchmarks.md.
 */
import '@postmcp/tooling/bench/sources'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    posts: { type: 'string', default: '0' },
    due: { type: 'string', default: '0' },
    within: { type: 'string', default: '60' },
    workers: { type: 'string', default: '3' },
    accounts: { type: 'string', default: '99' },
    lost: { type: 'string', default: '0' },
    'kill-every': { type: 'string', default: '0' },
  },
})

function numberOf(name: keyof typeof values, least: number): number {
  const value = Number(values[name])
  if (Number.isFinite(value) && value >= least) return value
  console.error(`--${name} must be a number from ${least} up.`)
  process.exit(2)
}

const posts = numberOf('posts', 0)
const due = numberOf('due', 0)
const common = { workers: numberOf('workers', 1), accounts: numberOf('accounts', 3) }
const trouble = { lostPercent: numberOf('lost', 0), killEverySeconds: numberOf('kill-every', 0) }
const withinSeconds = numberOf('within', 1)
const bareOf = (count: number) => Math.min(count, 5000)

// Only now, for these are sources that plain Node cannot run without the hooks.
const [{ runLoad }, { runDrain }, { print }, { withThrowAwayPostgres }] = await Promise.all([
  import('@postmcp/tooling/bench/publish/load'),
  import('@postmcp/tooling/bench/publish/drain'),
  import('@postmcp/tooling/bench/report'),
  import('@postmcp/tooling/bench/throw-away-postgres'),
])

await withThrowAwayPostgres(async (postgresUrl) => {
  const runs = [
    ...(posts > 0
      ? [() => runLoad({ ...common, ...trouble, posts, barePosts: bareOf(posts), postgresUrl })]
      : []),
    ...(due > 0
      ? [() => runDrain({ ...common, posts: due, barePosts: bareOf(due), withinSeconds, postgresUrl })]
      : []),
  ]
  for (const run of runs) {
    const report = await run()
    print(report)
    if (report.broken.length > 0) process.exitCode = 1
  }
})
