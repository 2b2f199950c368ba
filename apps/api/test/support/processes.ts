import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { inTime } from './until.js'

/** What a process said when it could not start. */
export interface StartFailure {
  code: string
  message: string
  nextAction: string
}

type Exit = { code: number | null; signal: NodeJS.Signals | null }

/** A process that runs the built product. */
export interface ProductProcess {
  readonly pid: number
  /** Where its API listens; null for a worker. */
  readonly url: string | null
  /** Everything it wrote: logs and whatever else. */
  output(): string
  send(message: Record<string, unknown>): void
  /** Tells it to do something and waits for the answer. */
  ask<T>(message: Record<string, unknown>, withinMs?: number): Promise<T>
  kill(signal: NodeJS.Signals): void
  /** Sends the signal and waits for the end. */
  end(signal?: NodeJS.Signals, withinMs?: number): Promise<Exit>
  exited: Promise<Exit>
}

const running = new Set<ChildProcess>()

/** Ends all processes that are still there, by their ids. For `afterEach`. */
export async function killAll(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      const exited = once(child, 'exit')
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await exited
    }),
  )
}

function launch(fixture: string, args: string[], env: Record<string, string>) {
  const child = fork(fileURLToPath(new URL(`../fixtures/${fixture}`, import.meta.url)), args, {
    // Nothing of the test runner's own environment and flags: the built product, as users run it.
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', NODE_NO_WARNINGS: '1', ...env },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  running.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child)
      resolve({ code, signal })
    })
  })
  return { child, exited, output: () => output }
}

async function start(fixture: string, args: string[], env: Record<string, string>): Promise<ProductProcess> {
  const { child, exited, output } = launch(fixture, args, env)
  const first = await inTime(
    `the start of ${fixture}`,
    Promise.race([once(child, 'message').then(([message]) => message), exited]),
    40_000,
  )
  if (!first.ready) throw new Error(`${fixture} did not start: ${JSON.stringify(first)} ${output().slice(-2000)}`)
  return {
    pid: child.pid ?? 0,
    url: first.url ?? null,
    output,
    exited,
    send: (message) => void child.send(message),
    async ask<T>(message: Record<string, unknown>, withinMs = 40_000) {
      const answered = once(child, 'message')
      child.send(message)
      const ended = exited.then((exit) => {
        throw new Error(`${fixture} ended before it answered: ${JSON.stringify(exit)}`)
      })
      ended.catch(() => {})
      const [reply] = await inTime(`an answer of ${fixture}`, Promise.race([answered, ended]), withinMs)
      return reply.answer as T
    },
    kill: (signal) => void child.kill(signal),
    async end(signal = 'SIGTERM', withinMs = 20_000) {
      child.kill(signal)
      return inTime(`${fixture} to end after ${signal}`, exited, withinMs)
    },
  }
}

/** Starts `serve` and waits until it is up. */
export const startServer = (
  role: 'all' | 'api' | 'worker',
  env: Record<string, string>,
): Promise<ProductProcess> => start('serve.mjs', [role], { POSTMCP_PORT: '0', ...env })

/** A process in local mode: `ask({ verb: 'publish' | 'status', accountId, … })`. */
export const startLocal = (env: Record<string, string>): Promise<ProductProcess> => start('local.mjs', [], env)

/** Starts `serve` where it must not start, and tells why it did not. */
export async function failToStart(
  role: 'all' | 'api' | 'worker',
  env: Record<string, string>,
): Promise<Exit & { failed: StartFailure | undefined; output: string }> {
  const { child, exited, output } = launch('serve.mjs', [role], { POSTMCP_PORT: '0', ...env })
  let failed: StartFailure | undefined
  child.on('message', (message: { ready?: true; failed?: StartFailure }) => {
    failed = message.failed
    if (message.ready) child.kill('SIGTERM')
  })
  const exit = await inTime('a start that fails', exited, 40_000)
  return { ...exit, failed, output: output() }
}
