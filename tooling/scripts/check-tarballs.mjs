// Installs the packages as a stranger would get them: packed, into an empty folder outside the workspace, with npm, and runs
// them there: the CLI's version and help, and the SDK from ESM, CommonJS and TypeScript.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'postmcp-tarballs-'))

const sh = (cwd, command, ...args) => run({ cwd }, command, ...args)

function run(options, command, ...args) {
  try {
    return execFileSync(command, args, { ...options, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}\n${error.stdout ?? ''}${error.stderr ?? ''}`)
  }
}

function expect(actual, pattern, what) {
  if (!pattern.test(actual)) throw new Error(`${what} printed:\n${actual}`)
}

try {
  const tarballs = join(scratch, 'tarballs')
  mkdirSync(tarballs)
  for (const folder of [
    'packages/core',
    'packages/providers',
    'packages/sandbox',
    'packages/sdk',
    'apps/api',
    'apps/cli',
  ]) {
    sh(join(root, folder), 'pnpm', 'pack', '--pack-destination', tarballs)
  }
  const files = Object.fromEntries(
    readdirSync(tarballs).map((file) => [
      file.replace(/-\d.*$/, '').replace(/^postmcp-/, '@postmcp/'),
      join(tarballs, file),
    ]),
  )

  // The CLI needs its siblings, which are not on the registry yet: they come from the tarballs as well.
  const cli = join(scratch, 'cli')
  mkdirSync(cli)
  const siblings = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, `file:${file}`]))
  writeFileSync(
    join(cli, 'package.json'),
    JSON.stringify({ private: true, dependencies: siblings, overrides: siblings }),
  )
  sh(cli, 'npm', 'install', '--no-audit', '--no-fund', '--loglevel=error')
  const postmcp = join(cli, 'node_modules', '.bin', 'postmcp')
  expect(sh(cli, postmcp, '--version'), /^postmcp\/\d+\.\d+\.\d+ /, 'postmcp --version')
  expect(sh(cli, postmcp, '--help'), /accounts/, 'postmcp --help')

  const sdk = join(scratch, 'sdk')
  mkdirSync(sdk)
  writeFileSync(
    join(sdk, 'package.json'),
    JSON.stringify({ private: true, dependencies: { '@postmcp/sdk': siblings['@postmcp/sdk'] } }),
  )
  sh(sdk, 'npm', 'install', '--no-audit', '--no-fund', '--loglevel=error')
  const installed = readdirSync(join(sdk, 'node_modules')).filter((name) => !name.startsWith('.'))
  if (installed.join() !== '@postmcp') throw new Error(`The SDK brings dependencies: ${installed.join(', ')}`)
  const use = "new PostMcp({ apiKey: 'postmcp_x' }); console.log(typeof client.accounts.list)"
  writeFileSync(join(sdk, 'esm.mjs'), `import { PostMcp } from '@postmcp/sdk'\nconst client = ${use}\n`)
  writeFileSync(join(sdk, 'cjs.cjs'), `const { PostMcp } = require('@postmcp/sdk')\nconst client = ${use}\n`)
  writeFileSync(
    join(sdk, 'sample.ts'),
    "import { type Account, PostMcp } from '@postmcp/sdk'\nconst client = new PostMcp({ apiKey: 'postmcp_x' })\n" +
      'export const first = async (): Promise<Account | undefined> => (await client.accounts.list()).data[0]\n',
  )
  expect(sh(sdk, 'node', 'esm.mjs'), /^function/, 'the SDK from ESM')
  expect(sh(sdk, 'node', 'cjs.cjs'), /^function/, 'the SDK from CommonJS')
  symlinkSync(join(root, 'node_modules', '@types'), join(sdk, 'node_modules', '@types'))
  sh(
    sdk,
    join(root, 'node_modules', '.bin', 'tsc'),
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    'sample.ts',
  )

  // The product itself, from the tarball: an embedded database is made and asked through the SDK, in this process.
  const dataDir = join(scratch, 'data')
  const env = { ...process.env, POSTMCP_DATA_DIR: dataDir }
  const out = run({ cwd: cli, env }, postmcp, 'platforms', 'list', '--json')
  expect(out, /"bluesky"/, 'postmcp platforms list --json')
  console.log('The packed CLI and SDK install and run.')
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
