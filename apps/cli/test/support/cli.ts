import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const entry = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

/** Where nothing is; what is made there all the same harms nobody, whoever runs the tests. */
const noHome = join(tmpdir(), `postmcp-no-home-${process.pid}`)

/** What a run of the CLI printed and how it ended. */
export interface Run {
  code: number | null
  stdout: string
  stderr: string
}

/** A run that was started with `--json`. */
export interface JsonRun<T> extends Run {
  json: T
}

/** Variables of a CLI; nothing of the test runner's own. */
export type Env = Record<string, string>

/** A CLI under way. */
export interface Running {
  child: ChildProcess
  /** What was printed so far. */
  printed: Pick<Run, 'stdout' | 'stderr'>
  ended: Promise<Run>
}

/** Starts the built CLI as users run it. */
export function start(args: string[], env: Env, input = ''): Running {
  const child = spawn(process.execPath, [entry, ...args], {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: noHome,
      NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const printed = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed.stderr += text
  })
  child.stdin.on('error', () => {}) // it may end without reading
  child.stdin.end(input)
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...printed }))
  return { child, printed, ended }
}

/** Runs the built CLI to its end. */
export const run = (args: string[], env: Env, input?: string): Promise<Run> => start(args, env, input).ended

/** Runs the built CLI with `--json`, and reads the one JSON value it prints. */
export async function runJson<T>(args: string[], env: Env, input?: string): Promise<JsonRun<T>> {
  const ended = await run([...args, '--json'], env, input)
  try {
    return { ...ended, json: JSON.parse(ended.stdout) as T }
  } catch {
    throw new Error(`Not one JSON value: ${JSON.stringify(ended)}`)
  }
}

/** A data directory of its own, removed by `remove`. As root, PostgreSQL runs as another user, who must get through to it. */
export async function tempDataDir(): Promise<{ dataDir: string; remove(): Promise<void> }> {
  const dataDir = join(await mkdtemp(join(tmpdir(), 'postmcp-cli-')), 'data')
  const { chmod } = await import('node:fs/promises')
  await chmod(join(dataDir, '..'), 0o711)
  return { dataDir, remove: () => rm(join(dataDir, '..'), { recursive: true, force: true }) }
}

/** A server on any free port, once it has said where. */
export async function serve(env: Env, args: string[] = []): Promise<Running & { url: string }> {
  const running = start(['serve', '--port', '0', '--json', ...args], env)
  const line = new Promise<string>((resolve, reject) => {
    running.child.stdout?.on(
      'data',
      () => running.printed.stdout.includes('\n') && resolve(running.printed.stdout),
    )
    void running.ended.then((end) => reject(new Error(`The server ended: ${JSON.stringify(end)}`)))
  })
  return { ...running, url: (JSON.parse(await line) as { url: string }).url }
}
