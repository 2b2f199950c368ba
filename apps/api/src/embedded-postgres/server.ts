import { randomBytes } from 'node:crypto'
import { lchown, readFile, readlink, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { signalReaches } from '../locks/process-identity.js'
import type { PostgresBinaries } from './binaries.js'
import type { Cluster } from './cluster.js'
import { type Endpoint, socketPath } from './endpoint.js'
import { run } from './run.js'

/** PostgreSQL settings by name. */
export type ServerSettings = Record<string, string>

/** What `postmaster.pid` says about a server that is alive. */
interface RunningServer {
  pid: number
  status: 'starting' | 'ready' | 'stopping'
  endpoint: Endpoint
}

/** For a small machine with a handful of processes of four connections each. */
const baseSettings: ServerSettings = {
  max_connections: '200',
  shared_buffers: '64MB',
  huge_pages: 'off',
  jit: 'off',
  max_parallel_workers_per_gather: '0', // needs shared memory that containers restrict, and our queries are short
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Server events and fatal errors only: failing statements are reported by whoever ran them, and hold user data.
  log_min_messages: 'log',
  log_checkpoints: 'off',
}

const secondsToStart = 60
const secondsToStop = 60

/** The server that runs on this cluster, or nothing. Reads `postmaster.pid`, and checks that its pid is not recycled. */
export async function findServer(cluster: Cluster): Promise<RunningServer | undefined> {
  const lines = await readPidFile(cluster)
  const pid = Math.abs(Number(lines[0])) // negative would be a stand-alone backend
  if (!(await isServerProcess(pid, cluster))) return undefined
  const [port, socketFolder, , , status] = lines.slice(3).map((line) => line.trim())
  if (!port || !status) return { pid, status: 'starting', endpoint: { port: 0 } } // not fully written yet
  return {
    pid,
    status: status === 'ready' || status === 'stopping' ? status : 'starting',
    // The folder is relative in there, as we gave it; see `startServer`.
    endpoint: socketFolder ? { socketFolder: cluster.folder, port: Number(port) } : { port: Number(port) },
  }
}

/**
 * Starts a server that outlives us and that no signal of our terminal reaches: pg_ctl puts it into a session of its own,
 * and pg_ctl itself runs in one. Only one process may do this at a time, and only when `findServer` found none.
 *
 * @returns what pg_ctl said if it failed; the reason is then in the log.
 */
export async function startServer(
  cluster: Cluster,
  binaries: PostgresBinaries,
  {
    endpoint,
    settings,
    signal,
  }: { endpoint: Endpoint; settings: ServerSettings; signal?: AbortSignal | undefined },
): Promise<{ failed?: string }> {
  await forgetDeadServer(cluster)
  await rename(cluster.log, `${cluster.log}.1`).catch(() => undefined)
  const listen: ServerSettings =
    endpoint.socketFolder === undefined
      ? { listen_addresses: '127.0.0.1', unix_socket_directories: '' }
      : // The server's working directory is its data folder. So no path has to pass a shell unharmed.
        { listen_addresses: '', unix_socket_directories: '..', unix_socket_permissions: '0700' }
  const all = { ...baseSettings, ...listen, port: String(endpoint.port), ...settings }
  const options = Object.entries(all).map(([name, value]) => `-c ${name}=${plainWord(value)}`)
  return pgCtl(
    cluster,
    binaries,
    [
      'start',
      '--wait',
      `--timeout=${secondsToStart}`,
      `--log=${cluster.log}`,
      '--options',
      options.join(' '),
    ],
    signal,
  )
}

/** Stops the server; open transactions of whoever is still connected are rolled back. */
export function stopServer(cluster: Cluster, binaries: PostgresBinaries): Promise<{ failed?: string }> {
  return pgCtl(cluster, binaries, ['stop', '--wait', `--timeout=${secondsToStop}`, '--mode=fast'])
}

async function pgCtl(
  cluster: Cluster,
  binaries: PostgresBinaries,
  args: string[],
  signal?: AbortSignal,
): Promise<{ failed?: string }> {
  const { code, output } = await run(binaries.pgCtl, [...args, '--silent', `--pgdata=${cluster.data}`], {
    cwd: cluster.folder,
    runAs: cluster.runAs,
    detached: true,
    signal,
  })
  return code === 0 ? {} : { failed: output || `pg_ctl ended with exit code ${code}` }
}

/** pg_ctl hands the settings through a shell. */
function plainWord(value: string): string {
  if (/^[\w./:-]*$/.test(value)) return value
  throw new TypeError(`Not a plain word, so not usable as a PostgreSQL setting here: ${value}`)
}

/** The lines of `postmaster.pid`: pid, data folder, start time, port, socket folder, address, shared memory, status. */
async function readPidFile(cluster: Cluster): Promise<string[]> {
  const text = await readFile(join(cluster.data, 'postmaster.pid'), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return ''
      throw error
    },
  )
  return text.split('\n')
}

/** Whether this pid is a PostgreSQL server on this cluster, and not another program that got the pid after a crash. */
async function isServerProcess(pid: number, cluster: Cluster): Promise<boolean> {
  if (!Number.isInteger(pid) || signalReaches(pid) === 'no') return false
  if (process.platform === 'win32') return true // PostgreSQL itself checks more there
  if (process.platform === 'linux') {
    try {
      return (await readlink(`/proc/${pid}/cwd`)) === (await realpath(cluster.data))
    } catch (error) {
      // Zombies have no working directory. One we may not look at is another user's, so not our server.
      if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
      return signalReaches(pid) === 'yes'
    }
  }
  const { output } = await run('ps', ['-o', 'command=', '-p', String(pid)], { cwd: '/' })
  return output.includes('postgres') && output.includes(cluster.data)
}

/**
 * After a crash, PostgreSQL refuses to start if the pid in `postmaster.pid` is in use by any other program. The pid is
 * replaced by an impossible one instead of deleting the file: its other lines let PostgreSQL find
 * server processes that survived their parent, and refuse for that good reason.
 */
async function forgetDeadServer(cluster: Cluster) {
  const [pid, ...rest] = await readPidFile(cluster)
  if (!pid) return
  const file = join(cluster.data, 'postmaster.pid')
  const draft = `${file}.${randomBytes(4).toString('hex')}`
  await writeFile(draft, [String(2 ** 31 - 1), ...rest].join('\n'), { flag: 'wx', mode: 0o600 })
  if (cluster.runAs !== undefined) await lchown(draft, cluster.runAs.uid, cluster.runAs.gid)
  await rename(draft, file)
  const socket = socketPath(cluster.folder)
  await rm(`${socket}.lock`, { force: true })
  await rm(socket, { force: true })
}
