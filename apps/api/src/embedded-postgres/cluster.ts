import { randomBytes } from 'node:crypto'
import { lchown, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PostgresBinaries } from './binaries.js'
import type { ClusterPlace } from './cluster-place.js'
import { failure } from './failure.js'
import { type RunAs, run } from './run.js'

/** One PostgreSQL cluster on disk, readable by the user that runs it and by nobody else. */
export interface Cluster {
  /** Holds `data`, the password, the log and the server's socket. */
  folder: string
  data: string
  log: string
  runAs: RunAs | undefined
}

/** The only role; it owns everything in the cluster. */
export const roleName = 'postmcp'

/** Where the cluster of a place is, whether it exists or not. */
export function clusterAt({ home, runAs }: Pick<ClusterPlace, 'home' | 'runAs'>): Cluster {
  const folder = join(home, 'cluster')
  return { folder, data: join(folder, 'data'), log: join(folder, 'postgres.log'), runAs }
}

/** The generated password. A secret. */
export async function readPassword(cluster: Cluster): Promise<string> {
  return (await readFile(join(cluster.folder, 'password'), 'utf8')).trim()
}

/**
 * Creates the cluster: UTF-8, sorted by code point whatever the machine's locale, with checksums and a password.
 * It is made under another name and renamed, so a creation that was killed halfway leaves nothing that looks like a
 * cluster. `durable: false` skips the final sync to disk.
 */
export async function createCluster(
  cluster: Cluster,
  { initdb }: PostgresBinaries,
  { durable, signal }: { durable: boolean; signal?: AbortSignal | undefined },
): Promise<void> {
  const { folder, runAs } = cluster
  await removeDrafts(folder)
  const draft = `${folder}.init-${randomBytes(6).toString('hex')}`
  const passwordFile = join(draft, 'password')
  try {
    await mkdir(draft, { mode: 0o700 })
    await writeFile(passwordFile, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600 })
    if (runAs !== undefined) {
      await lchown(passwordFile, runAs.uid, runAs.gid)
      await lchown(draft, runAs.uid, runAs.gid) // last: until here only root can reach inside
    }
    const args = [
      `--pgdata=${join(draft, 'data')}`,
      `--username=${roleName}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      '--data-checksums',
      '--set=huge_pages=off', // asking for them crashes initdb in some containers
      '--no-instructions',
      ...(durable ? [] : ['--no-sync']),
    ]
    const { code, output } = await run(initdb, args, { cwd: draft, runAs, signal })
    if (code !== 0) throw await failure(cluster, 'The embedded PostgreSQL could not be created', output)
    await rename(draft, folder)
  } catch (error) {
    await rm(draft, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined)
    throw error
  }
  if (durable) await syncFolder(join(folder, '..'))
}

/** What killed creations left. Best effort: an orphaned initdb may still be writing into one. */
async function removeDrafts(folder: string) {
  const home = join(folder, '..')
  for (const name of await readdir(home)) {
    if (!name.startsWith('cluster.init-')) continue
    await rm(join(home, name), { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined)
  }
}

/** Makes a rename survive a power cut. Windows does not open folders, and does not need it. */
async function syncFolder(folder: string) {
  if (process.platform === 'win32') return
  const handle = await open(folder)
  await handle.sync().finally(() => handle.close())
}
