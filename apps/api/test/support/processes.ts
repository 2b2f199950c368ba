import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { noHome } from './folder.js'
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
  /** Where its API listens; null where there is none. */
  readonly url: string | null
  /** Everything it wrote: logs and whatever else. */
  output(): string
  /** Tells a process in local mode to do something and waits for the answer. */
  ask<T>(message: Record<string, unknown>, withinMs?: number): Promise<T>
  kill(signal: NodeJS.Signals): void
  /** Sends the signal and waits for the end. */
  end(signal?: NodeJS.Signals, withinMs?: number): Promise<Exit>
  exited: Promise<Exit>
}

/** With `POSTMCP_TEST_SOURCES` set processes run what stands in the sources, without a build. */
const sources = new URL('../../../../tooling/bench/sources.ts', import.meta.url).href

type Fixture = 'serve.mjs' | 'local.mjs'
interface Launched {
  child: ChildProcess
  exited: Promise<Exit>
  output(): string
}

const running = new Set<Launched>()
/** Has loaded the product and waits to be told what to do: a start then takes half the time. */
let spare: Launched | undefined

afterAll(async () => {
  const left = spare
  spare = undefined
  left?.child.kill('SIGKILL')
  await left?.exited
})

/** Ends all processes that were started and are still there, by their ids. For `afterEach`. */
export async function killAll(): Promise<void> {
  await Promise.all(
    [...running].map(({ child, exited }) => {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      return exited
    }),
  )
}

function launch(fixture: Fixture): Launched {
  const child = fork(fileURLToPath(new URL(`../fixtures/${fixture}`, import.meta.url)), [], {
    // Nothing of the test runner's own environment and flags: the built product, as users run it.
    env: {
      PATH: process.env.PATH ?? '',
      HOME: noHome,
      NODE_NO_WARNINGS: '1',
      NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
    },
    execArgv: process.env.POSTMCP_TEST_SOURCES ? ['--import', sources] : [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return { child, exited, output: () => output }
}

/** Takes a process, loaded already where there is one, and tells it what to be. */
async function begin(
  fixture: Fixture,
  message: Record<string, unknown>,
): Promise<{ launched: Launched; first: Message }> {
  const isServer = fixture === 'serve.mjs'
  const launched = (isServer && spare) || launch(fixture)
  spare = isServer ? launch(fixture) : spare
  running.add(launched)
  const { child, exited } = launched
  void exited.then(() => running.delete(launched))
  child.send(message)
  const first = await inTime(
    `the start of ${fixture}`,
    Promise.race([once(child, 'message').then(([said]) => said as Message), exited.then(() => ({}))]),
    40_000,
  )
  return { launched, first }
}

interface Message {
  ready?: true
  url?: string | null
  failed?: StartFailure
}

async function start(fixture: Fixture, message: Record<string, unknown>): Promise<ProductProcess> {
  const { launched, first } = await begin(fixture, message)
  const { child, exited, output } = launched
  if (!first.ready)
    throw new Error(`${fixture} did not start: ${JSON.stringify(first)} ${output().slice(-2000)}`)
  return {
    pid: child.pid ?? 0,
    url: first.url ?? null,
    output,
    exited,
    async ask<T>(request: Record<string, unknown>, withinMs = 40_000) {
      const answered = once(child, 'message').then(([reply]) => reply as { answer: T })
      const ended = exited.then((exit): never => {
        throw new Error(`${fixture} ended before it answered: ${JSON.stringify(exit)}`)
      })
      ended.catch(() => {})
      child.send(request)
      return (await inTime(`an answer of ${fixture}`, Promise.race([answered, ended]), withinMs)).answer
    },
    kill: (signal) => void child.kill(signal),
    async end(signal = 'SIGTERM', withinMs = 20_000) {
      child.kill(signal)
      return inTime(`${fixture} to end after ${signal}`, exited, withinMs)
    },
  }
}

type Role = 'all' | 'api' | 'worker'
type Env = Record<string, string>
const anyPort = { POSTMCP_PORT: '0' }

/**
 * Starts `serve` and waits until it is up.
 * @param clockFile of a `sharedTime` that it shall go by; default: the machine's time
 */
export const startServer = (
  role: Role,
  env: Env,
  { clockFile }: { clockFile?: string } = {},
): Promise<ProductProcess> => start('serve.mjs', { role, env: { ...anyPort, ...env }, clockFile })

/** A process in local mode: `ask({ verb: 'publish' | 'status' | 'close', accountId, … })`. */
export const startLocal = (env: Env): Promise<ProductProcess> => start('local.mjs', { env })

/** Starts `serve` where it must not start, and tells why it did not. */
export async function failToStart(
  role: Role,
  env: Env,
): Promise<Exit & { failed: StartFailure | undefined; output: string }> {
  const { launched, first } = await begin('serve.mjs', { role, env: { ...anyPort, ...env } })
  if (first.ready) launched.child.kill('SIGTERM')
  const exit = await inTime('a start that fails', launched.exited, 40_000)
  return { ...exit, failed: first.failed, output: launched.output() }
}
