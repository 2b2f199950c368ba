import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import {
  access,
  chmod,
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { signalReaches } from '../locks/process-identity.js'
import { findInstalledBinaries, type InstalledBinaries } from './installed-binaries.js'
import { canReach } from './reachable.js'
import type { RunAs } from './run.js'

/** Paths of the two programs we run; they find `postgres` and everything else beside themselves. */
export interface PostgresBinaries {
  initdb: string
  pgCtl: string
}

/**
 * Finds the installed PostgreSQL and makes it runnable for the given user: lays the library links that the package's
 * postinstall script (often blocked) would lay, or, where that folder is read-only or out of the user's reach, uses a
 * copy below `copyHome`. Safe to repeat and to call from several processes at once.
 *
 * @throws PostMcpError `unsupported_machine` when there is no PostgreSQL for this machine.
 */
export async function provideBinaries(options: {
  copyHome: string
  runAs: RunAs | undefined
  /** Default: those that npm installed for this machine. */
  installed?: InstalledBinaries
}): Promise<PostgresBinaries> {
  const installed = options.installed ?? (await findInstalledBinaries())
  const folder = (await isUsableInPlace(installed.folder, options.runAs))
    ? installed.folder
    : await provideCopy(installed, options.copyHome)
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return { initdb: join(folder, 'bin', `initdb${suffix}`), pgCtl: join(folder, 'bin', `pg_ctl${suffix}`) }
}

async function isUsableInPlace(folder: string, runAs: RunAs | undefined): Promise<boolean> {
  if (runAs !== undefined) {
    const files = [join(folder, 'bin', 'postgres'), join(folder, 'share', 'postgresql', 'postgres.bki')]
    if (!(await canReach(join(folder, 'bin'), runAs))) return false
    for (const file of files) if (((await stat(file)).mode & 0o004) === 0) return false
  }
  try {
    await completeFolder(folder)
    return true
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}

/** Lays missing library links and execute bits. Touches nothing when all is there, so a read-only folder may pass. */
async function completeFolder(folder: string) {
  const links = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]') // Windows has none
  for (const { source, target } of JSON.parse(links) as { source: string; target: string }[]) {
    const link = join(folder, relative('native', target))
    if (await exists(link)) continue
    await symlink(relative(dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error // another process was faster
    })
  }
  if (process.platform === 'win32') return
  for (const name of await readdir(join(folder, 'bin'))) {
    const file = join(folder, 'bin', name)
    const { mode } = await stat(file)
    if ((mode & 0o111) !== 0o111) await chmod(file, mode | 0o111)
  }
}

/** 60 MB, 0.3 s, once per version. Under its final name it is always complete. */
async function provideCopy({ folder, version }: InstalledBinaries, copyHome: string): Promise<string> {
  const copy = join(copyHome, `postgresql-${version}`)
  if (await exists(copy)) return copy
  await mkdir(copyHome, { recursive: true, mode: 0o755 })
  await removeAbandonedDrafts(copyHome)
  const draft = `${copy}.draft-${process.pid}-${randomBytes(4).toString('hex')}`
  try {
    await cp(folder, draft, {
      recursive: true,
      mode: constants.COPYFILE_FICLONE,
      // A package has no links of its own, and those laid in it may name its folder: the copy gets new ones.
      filter: async (source) => !(await lstat(source)).isSymbolicLink(),
    })
    await openToAll(draft)
    await completeFolder(draft)
    await rename(draft, copy)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (!(await exists(copy))) throw error // else another process was faster, and its copy is as good
  }
  return copy
}

/** Copies keep the source's modes (and our umask applies), but the user that runs PostgreSQL must be able to read all. */
async function openToAll(folder: string) {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await openToAll(path)
    else if (entry.isFile()) await chmod(path, basename(folder) === 'bin' ? 0o755 : 0o644)
  }
}

async function removeAbandonedDrafts(copyHome: string) {
  for (const name of await readdir(copyHome)) {
    const pid = /^postgresql-.*\.draft-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && signalReaches(Number(pid)) === 'no') {
      await rm(join(copyHome, name), { recursive: true, force: true })
    }
  }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )
