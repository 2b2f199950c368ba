/**
 * Publishes a large video as one command, on a throw-away PostgreSQL and simulated platforms, and looks at how memory grows:
 *
 *   node tooling/bench/large-post.ts --bytes 1073741824
 *
 * It needs what `npm test -- build` makes. Exit status 1 when the API or the worker grows by 100 MB or more, or what arrives is not
 * what was sent. See docs/benchmarks.md.
 */
import '@postmcp/tooling/bench/sources'
import { parseArgs } from 'node:util'

/** How large a video each takes. */
const limits: Record<string, number> = {
  youtube: 256_000_000_000,
  x: 8_000_000_000,
  tiktok: 4_000_000_000,
  facebook: 1_000_000_000,
}

const { values } = parseArgs({
  options: {
    bytes: { type: 'string', default: String(1024 ** 3) },
    platforms: { type: 'string', default: Object.keys(limits).join(',') },
  },
})
const bytes = Number(values.bytes)
if (!Number.isSafeInteger(bytes) || bytes < 10_000_000) {
  console.error('--bytes must be a whole number from 10000000 up.')
  process.exit(2)
}
const wanted = values.platforms.split(',')
const unknown = wanted.filter((platform) => !Object.hasOwn(limits, platform))
if (unknown.length > 0) {
  console.error(`--platforms may name ${Object.keys(limits).join(', ')}.`)
  process.exit(2)
}
const platforms = wanted.filter((platform) => bytes <= (limits[platform] ?? 0))
for (const platform of wanted.filter((each) => !platforms.includes(each))) {
  console.log(`${platform} takes no video of that size.`)
}

// Only now, for these are sources that plain Node cannot run without the hooks.
const [{ postLarge }, { print }, { withThrowAwayPostgres }] = await Promise.all([
  import('@postmcp/tooling/bench/large-post/post-large'),
  import('@postmcp/tooling/bench/report'),
  import('@postmcp/tooling/bench/throw-away-postgres'),
])

await withThrowAwayPostgres(async (postgresUrl) => {
  const report = await postLarge({ postgresUrl, bytes, platforms })
  print(report)
  if (report.broken.length > 0) process.exitCode = 1
})
