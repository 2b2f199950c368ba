import { createHash } from 'node:crypto'
import { lstat, mkdir, readFile, realpath, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PostMcpError } from '@postmcp/core'
import { canReach } from './reachable.js'
import type { RunAs } from './run.js'
import { findOrCreateSystemUser, findUserById } from './system-user.js'

/** Where the cluster of a data directory is, and as whom its server runs. */
export interface ClusterPlace {
  /** Holds `cluster` and, where they had to be copied, the binaries. */
  home: string
  /** Absent: as ourselves. */
  runAs: RunAs | undefined
  /** Where copies of the binaries go if the installed ones cannot be used. */
  binariesHome: string
  /** Exists, and is not new. */
  hasCluster: boolean
}

/** Only root puts clusters here. */
const systemHome = '/var/lib/postmcp'

const pointerFile = (dataDir: string) => join(dataDir, 'cluster-location')

const isRoot = () => process.geteuid?.() === 0

/** Creates the data directory if it is missing and returns its real path. Root lets others pass through, but not look. */
export async function prepareDataDir(dataDir: string): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: isRoot() ? 0o711 : 0o700 })
  return realpath(dataDir)
}

/**
 * Decides where the cluster of `dataDir` (a real path) is or will be. That is the data directory itself, except for root
 * when the user that PostgreSQL must run as cannot reach it (HOME of root is 0700): then `/var/lib/postmcp/<hash>`,
 * and `rememberPlace` leaves a pointer to it.
 *
 * @throws PostMcpError `database_unavailable` when the cluster that the pointer names is gone or belongs to root,
 *   `unsupported_machine` when root finds no user to run PostgreSQL as.
 */
export async function placeCluster(dataDir: string): Promise<ClusterPlace> {
  if (!isRoot()) {
    const hasCluster = (await ownerOf(join(dataDir, 'cluster'))) !== undefined
    return { home: dataDir, runAs: undefined, binariesHome: dataDir, hasCluster }
  }
  const pointer = (await readFile(pointerFile(dataDir), 'utf8').catch(() => '')).trim()
  const hashed = join(systemHome, createHash('sha256').update(dataDir).digest('hex').slice(0, 16))
  for (const home of pointer ? [pointer] : [dataDir, hashed]) {
    const owner = await ownerOf(join(home, 'cluster'))
    if (owner !== undefined) {
      return { home, runAs: unprivileged(owner, home), binariesHome: systemHome, hasCluster: true }
    }
  }
  if (pointer) {
    throw new PostMcpError(
      'database_unavailable',
      `The database of ${dataDir} was kept in ${pointer}, and is not there any more. Restore it, ` +
        `or delete ${pointerFile(dataDir)} to begin with an empty database.`,
      {
        nextAction: `Restore ${pointer}, or delete ${pointerFile(dataDir)} to begin with an empty database.`,
      },
    )
  }
  // Whoever owns the data directory can then also use it without root.
  const { uid } = await stat(dataDir)
  const owner = uid === 0 ? undefined : await findUserById(uid)
  const runAs = owner ? { uid: owner.uid, gid: owner.gid } : await findOrCreateSystemUser()
  if (await canReach(dataDir, runAs)) {
    return { home: dataDir, runAs, binariesHome: systemHome, hasCluster: false }
  }
  await mkdir(hashed, { recursive: true, mode: 0o755 })
  return { home: hashed, runAs, binariesHome: systemHome, hasCluster: false }
}

/** Notes in the data directory where its cluster is, if that is elsewhere. Safe to repeat. */
export async function rememberPlace(dataDir: string, { home }: ClusterPlace): Promise<void> {
  if (home !== dataDir) await writeFile(pointerFile(dataDir), `${home}\n`, { mode: 0o644 })
}

async function ownerOf(folder: string): Promise<RunAs | undefined> {
  try {
    const { uid, gid } = await lstat(folder)
    return { uid, gid }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function unprivileged(owner: RunAs, home: string): RunAs {
  if (owner.uid !== 0) return owner
  const nextAction = `Run \`chown -R USER ${join(home, 'cluster')}\` with the unprivileged user that shall run it.`
  throw new PostMcpError(
    'database_unavailable',
    `The database in ${home} belongs to root, and PostgreSQL refuses to run as root. ${nextAction}`,
    { nextAction },
  )
}
