import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** One process, told apart from a later one that was given the same pid. */
export interface ProcessIdentity {
  pid: number
  /** Opaque; `unknown` where the system does not tell it cheaply. Compared, never parsed. */
  startedAt: string
}

const unknownStart = 'unknown'

/** The process that now has this pid, or nothing if there is none. A zombie counts as none: it holds nothing any more. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const startedAt = await startTime(pid)
  if (startedAt !== undefined) return { pid, startedAt }
  // Hidden from us (a `/proc` mounted with hidepid) is not the same as gone.
  return signalReaches(pid) === 'forbidden' ? { pid, startedAt: unknownStart } : undefined
}

/** Whether exactly this process still runs. Says yes when in doubt, because a wrong no lets two processes in at once. */
export async function isStillRunning(identity: ProcessIdentity): Promise<boolean> {
  const present = await identifyProcess(identity.pid)
  if (present === undefined) return false
  return [present.startedAt, identity.startedAt].includes(unknownStart)
    ? true
    : present.startedAt === identity.startedAt
}

/** Whether a signal could be sent to this pid: `yes`, `forbidden` (another user's process) or `no` (there is none). */
export function signalReaches(pid: number): 'yes' | 'forbidden' | 'no' {
  if (pid <= 0) return 'no' // 0 and negative numbers address whole process groups
  try {
    process.kill(pid, 0)
    return 'yes'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'forbidden' : 'no'
  }
}

function startTime(pid: number): Promise<string | undefined> {
  if (pid <= 0) return Promise.resolve(undefined)
  if (process.platform === 'linux') return linuxStartTime(pid)
  if (process.platform === 'win32') {
    // Asking PowerShell takes half a second; a recycled pid there costs a wait and an error that names the file.
    return Promise.resolve(signalReaches(pid) === 'no' ? undefined : unknownStart)
  }
  return psStartTime(pid)
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html checked 2026-11-22 */
async function linuxStartTime(pid: number): Promise<string | undefined> {
  try {
    const [stat, bootId] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    ])
    // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticksSinceBoot = rest[18]
    return state === 'Z' || state === 'X' ? undefined : `${bootId.trim()}/${ticksSinceBoot}`
  } catch {
    return undefined
  }
}

async function psStartTime(pid: number): Promise<string | undefined> {
  try {
    // Locale and zone are pinned so that processes with different settings read the same text.
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { env })
    const [state, ...lstart] = stdout.trim().split(/\s+/)
    return state === undefined || state.startsWith('Z') ? undefined : lstart.join(' ')
  } catch {
    return undefined
  }
}
