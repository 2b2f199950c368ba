// `npm start`: builds what has changed and runs the product.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

console.log('Building what has changed ...')
const build = spawnSync('turbo', ['run', 'build', '--output-logs=errors-only'], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
})
if (build.status !== 0) {
  process.stdout.write(build.stdout ?? '')
  process.exit(build.status ?? 1)
}
const cli = new URL('../../apps/cli/bin/run.js', import.meta.url)
process.argv = [process.execPath, fileURLToPath(cli), 'serve', ...process.argv.slice(2)]
await import(cli.href)
