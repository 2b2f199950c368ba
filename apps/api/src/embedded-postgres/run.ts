import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** A user to run a program as; only root can. */
export interface RunAs {
  uid: number
  gid: number
}

interface RunOptions {
  /** Must be reachable for `runAs`; PostgreSQL's tools fail in a folder they cannot read. */
  cwd: string
  /** Default: the user we run as. */
  runAs?: RunAs | undefined
  /** In a session of its own, out of reach of the terminal's Ctrl-C. Default false. */
  detached?: boolean
  signal?: AbortSignal | undefined
}

/** Nothing else of our environment is handed on: it holds keys, and a database server keeps its environment for weeks. */
const keptVariables = ['PATH', 'LD_LIBRARY_PATH', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'SystemDrive']

/**
 * Runs a program to its end and returns its exit code and what it printed. Messages are in English (`LC_ALL=C`).
 *
 * @throws the system's error when it cannot be run, `AbortError` when `signal` ends it.
 */
export async function run(
  file: string,
  args: string[],
  { cwd, runAs, detached = false, signal }: RunOptions,
): Promise<{ code: number | null; output: string }> {
  const env = Object.fromEntries(keptVariables.map((name) => [name, process.env[name]]))
  const child = spawn(file, args, {
    cwd,
    detached,
    env: { ...env, LC_ALL: 'C', LANG: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    ...runAs,
    ...(signal && { signal }),
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  const closed = once(child, 'close').catch(() => undefined)
  const [code] = (await once(child, 'exit')) as [number | null]
  // On Windows the server inherits these pipes and `close` never comes.
  await Promise.race([closed, sleep(200, undefined, { ref: false })])
  child.stdout.destroy()
  child.stderr.destroy()
  return { code, output: output.trim() }
}
