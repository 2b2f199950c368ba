import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A process that runs a file of this folder, and talks in messages. */
export interface Child<To, From extends { type: string }> {
  send(message: To): void
  /** The next message of this type. @throws Error when the process ends before it */
  next<T extends From['type']>(type: T): Promise<Extract<From, { type: T }>>
  onMessage(listener: (message: From) => void): void
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
}

/** Starts `tooling/bench/<name>.ts`; it ends at the latest with this process. */
export function startChild<To extends object, From extends { type: string }>(
  name:
    | 'token-server'
    | 'worker'
    | 'bare'
    | 'publish/platform'
    | 'publish/worker'
    | 'publish/bare'
    | 'large-post/platforms',
  argument: object = {},
): Child<To, From> {
  const sources = new URL('./sources.ts', import.meta.url).href
  const file = fileURLToPath(new URL(`./${name}.ts`, import.meta.url))
  const child = fork(file, [JSON.stringify(argument)], {
    execArgv: ['--import', sources],
    env: {
      PATH: process.env.PATH ?? '',
      NODE_NO_WARNINGS: '1',
      NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), // a start then takes half the time
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  return {
    send: (message) => void child.send(message, () => {}), // whoever was killed hears nothing any more
    next: (type) => nextOf(child, name, type),
    onMessage: (listener) => void child.on('message', (message) => listener(message as From)),
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

function nextOf<From extends { type: string }, T extends From['type']>(
  child: ChildProcess,
  name: string,
  type: T,
): Promise<Extract<From, { type: T }>> {
  return new Promise((resolve, reject) => {
    const isAwaited = (message: From): message is Extract<From, { type: T }> => message.type === type
    const onMessage = (said: unknown) => {
      const message = said as From
      if (!isAwaited(message)) return
      settle()
      resolve(message)
    }
    const onExit = () => {
      settle()
      reject(new Error(`${name} ended before it said "${type}".`))
    }
    const settle = () => {
      child.off('message', onMessage)
      child.off('exit', onExit)
    }
    if (child.exitCode !== null || child.signalCode !== null) return onExit()
    child.on('message', onMessage)
    child.on('exit', onExit)
  })
}
