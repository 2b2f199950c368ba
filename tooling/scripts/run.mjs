// What `npm start` and `npm test` run, on whatever Node there is (20 is enough): brings what is missing, then runs the
// script of that name on the Node of this workspace. Plain JavaScript without dependencies, for nothing is installed yet.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')
// Not through a .bin folder, where a shell would stand between us and Node and keep signals to itself. That is also why
// the package `node` belongs to tooling: npm puts the root's .bin first on the path.
const nodeBin = join(root, 'tooling', 'node_modules', 'node', 'bin')
const marker = join(root, 'node_modules', '.postmcp-installed')
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Everything that decides what an installation holds. */
const wanted = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']
  .reduce((hash, file) => hash.update(readFileSync(join(root, file))), createHash('sha256'))
  .digest('hex')

/** Runs a command to its end, with our terminal; signals reach it by themselves or through us. */
function run(command, args, { env = process.env, output = 'inherit' } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env,
      stdio: ['inherit', output, output],
      shell: process.platform === 'win32',
    })
    // Ctrl-C goes to the whole group; we stay to report how the child ended.
    const onInterrupt = () => {}
    const onTerminate = () => child.kill('SIGTERM')
    process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate)
    // npm hands SIGTERM to the shell between it and us, and that shell dies of it without a word: ours is then another parent.
    const parent = process.ppid
    const orphaned = setInterval(() => process.ppid !== parent && onTerminate(), 500)
    child.on('error', (error) => {
      console.error(`${command} could not be run: ${error.message}`)
      resolve(1)
    })
    child.on('exit', (code, signal) => {
      clearInterval(orphaned)
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
  console.log('Installing dependencies (once, a minute or two) ...')
  mkdirSync(join(root, '.tmp'), { recursive: true })
  const log = join(root, '.tmp', 'install.log')
  // npx, because neither pnpm nor a working corepack can be expected; the version is the one pinned in package.json.
  const install = ['--yes', packageManager, 'install', '--frozen-lockfile', '--reporter=append-only']
  const code = await run('npx', install, { output: openSync(log, 'w') })
  if (code !== 0) {
    console.error(readFileSync(log, 'utf8').split('\n').slice(-30).join('\n'))
    console.error(`The dependencies could not be installed; all of it is in ${log}.`)
    process.exit(code)
  }
  writeFileSync(marker, wanted)
}
const env = {
  ...process.env,
  PATH: [nodeBin, bin, process.env.PATH].join(delimiter),
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
}
process.exit(await run(join(nodeBin, 'node'), [script, ...args], { env }))
