// What `npm start` and `npm test` run, on whatever Node there is (20 is enough): brings what is missing, then runs the
// script of that name on the Node of this workspace. Plain JavaScript without dependencies, for nothing is installed yet.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')
const marker = join(root, 'node_modules', '.postmcp-installed')
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Everything that decides what an installation holds. */
const wanted = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']
  .reduce((hash, file) => hash.update(readFileSync(join(root, file))), createHash('sha256'))
  .digest('hex')

/** Runs a command to its end, with our terminal; signals reach it by themselves or through us. */
function run(command, args, env = process.env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    })
    // Ctrl-C goes to the whole group; we stay to report how the child ended.
    const onInterrupt = () => {}
    const onTerminate = () => child.kill('SIGTERM')
    process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate)
    child.on('error', (error) => {
      console.error(`${command} could not be run: ${error.message}`)
      resolve(1)
    })
    child.on('exit', (code, signal) => {
      process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate)
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1))
    })
  })
}

const [name, ...args] = process.argv.slice(2)
const script = join(root, 'tooling', 'scripts', `${name}.mjs`)
if (!name || !existsSync(script)) {
  console.error('usage: node tooling/scripts/run.mjs start|test')
  process.exit(2)
}

const installed = existsSync(marker) ? readFileSync(marker, 'utf8') : ''
if (installed !== wanted) {
  console.log('Installing dependencies (once, about a minute) ...')
  // npx, because neither pnpm nor a working corepack can be expected; the version is the one pinned in package.json.
  const code = await run('npx', [
    '--yes',
    packageManager,
    'install',
    '--frozen-lockfile',
    '--reporter=append-only',
  ])
  if (code !== 0) {
    console.error('The dependencies could not be installed; see above.')
    process.exit(code)
  }
  writeFileSync(marker, wanted)
}
const env = {
  ...process.env,
  PATH: `${bin}${delimiter}${process.env.PATH}`,
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
}
process.exit(await run(join(bin, 'node'), [script, ...args], env))
