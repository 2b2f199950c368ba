/**
 * Uploads a large video through an API process and looks at how its memory grows:
 *
 *   node tooling/bench/large-upload.ts --bytes 1073741824
 *
 * It needs what `npm test -- build` makes. Exit status 1 when it grows by 100 MB or more. See docs/benchmarks.md.
 */
import '@postmcp/tooling/bench/sources'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { bytes: { type: 'string', default: String(1024 ** 3) } } })
const bytes = Number(values.bytes)
if (!Number.isSafeInteger(bytes) || bytes < 10_000_000) {
  console.error('--bytes must be a whole number from 10000000 up.')
  process.exit(2)
}

// Only now, for these are sources that plain Node cannot run without the hooks.
const { uploadLarge } = await import('@postmcp/tooling/bench/large-upload-parts')

const maxGrowth = 100_000_000
const { seconds, before, peak } = await uploadLarge(bytes)
const growth = peak - before
const mb = (count: number) => `${(count / 1e6).toFixed(1)} MB`
console.log(`uploaded            ${mb(bytes)} in ${seconds.toFixed(1)} s, ${mb(bytes / seconds)} a second`)
console.log(`memory before       ${mb(before)}`)
console.log(`memory at most      ${mb(peak)}`)
console.log(`growth              ${mb(growth)}, which must be less than ${mb(maxGrowth)}`)
process.exitCode = growth < maxGrowth ? 0 : 1
