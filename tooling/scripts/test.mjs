// `npm test`: every check there is, one after the other, with one line of totals at the end.
//   npm test                 everything
//   npm test -- unit e2e     only these
// The check `specs` needs the folder of the platforms' descriptions, in POSTMCP_SPECS_DIR; without it, it is not run.
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const results = join(root, '.tmp', 'test-results')

/** A check that passes or fails as a whole. */
const check = (name, command, ...args) => ({ name, command, args })
/** A vitest project, whose tests count one by one. */
const tests = (project) => ({
  name: project,
  command: 'vitest',
  args: [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${join(results, `${project}.json`)}`,
  ],
  report: join(results, `${project}.json`),
})

const steps = [
  check('build', 'turbo', 'run', 'build', '--output-logs=errors-only'),
  check('lint', 'biome', 'ci', '--error-on-warnings'),
  check('types', 'turbo', 'run', 'check-types', '--output-logs=errors-only'),
  check('boundaries', 'turbo', 'boundaries'),
  check('unused', 'knip'),
  check('packages', 'turbo', 'run', 'check-package', '--output-logs=errors-only'),
  check('tarballs', 'node', 'tooling/scripts/check-tarballs.mjs'),
  tests('unit'),
  tests('pds'),
  ...(process.env.POSTMCP_SPECS_DIR ? [tests('specs')] : []),
  tests('e2e'),
]

// Of the many processes that are started each would compile the same again.
const env = { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), ...process.env }

function run({ command, args }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    })
    child.on('error', (error) => {
      console.error(error.message)
      resolve(false)
    })
    child.on('exit', (code) => resolve(code === 0))
  })
}

/** Counts of a vitest run; a run that broke before it could report counts as one failure. */
function count({ report }, ok) {
  if (!report) return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 }
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    )
    for (const file of testResults) {
      for (const test of file.assertionResults.filter(
        ({ status }) => status === 'skipped' || status === 'pending',
      )) {
        console.log(`skipped: ${file.name} > ${test.fullName}`)
      }
    }
    const failed = numFailedTests + (ok || numFailedTests > 0 ? 0 : 1)
    return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

const only = process.argv.slice(2)
const unknown = only.filter((name) => !steps.some((step) => step.name === name))
if (unknown.length > 0) {
  console.error(
    `There is no check ${unknown.join(', ')}. There are: ${steps.map((step) => step.name).join(', ')}, and specs where POSTMCP_SPECS_DIR is set.`,
  )
  process.exit(2)
}
rmSync(results, { recursive: true, force: true })
mkdirSync(results, { recursive: true })

const totals = { passed: 0, failed: 0, skipped: 0 }
const lines = []
for (const step of steps) {
  if (only.length > 0 && !only.includes(step.name)) continue
  console.log(`\n=== ${step.name}`)
  const started = Date.now()
  const ok = await run(step)
  const counts = count(step, ok)
  for (const key of Object.keys(totals)) totals[key] += counts[key]
  lines.push(
    `${ok ? 'ok    ' : 'FAILED'} ${step.name.padEnd(12)} ${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s`,
  )
  if (!ok && step.name === 'build') break // nothing after it would mean anything
}
console.log(`\n${lines.join('\n')}`)
// On our own machines everything a test may need is there, so a skipped test is a hole.
const holes = process.env.CI === 'true' && totals.skipped > 0
if (holes) console.log('Tests were skipped; that is not allowed here.')
writeFileSync(join(root, '.tmp', 'test-totals.json'), JSON.stringify(totals))
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exit(totals.failed > 0 || holes ? 1 : 0)
