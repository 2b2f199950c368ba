import { spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Problem } from '@postmcp/sdk'
import { PostMcpApiError } from '@postmcp/sdk'
import { cliError } from './errors.js'
import { dataDirOf, findRunningServer } from './running-server.js'

const entry = fileURLToPath(new URL('../bin/run.js', import.meta.url))

/** A server that was started for a browser to come back to ends after so long without anything to do. */
const idleExitSeconds = 900
/** How long it may take to be there. */
const readyWithinMs = 60_000
/** How often somebody looks. */
const pauseMs = 200

/**
 * Starts `postmcp serve` on this data directory, apart from this process and its terminal, unless one runs already. It ends by
 * itself when nobody needs it. What it says goes to `serve.log` in the data directory.
 * @returns its address, once it answers there
 * @throws PostMcpApiError what kept it from starting, such as `config_invalid` for a port that is taken; `server_unreachable`
 */
export async function startServer(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<string> {
  const dataDir = dataDirOf(env)
  const running = await findRunningServer(dataDir)
  if (running !== undefined) return running
  const logFile = join(dataDir, 'serve.log')
  const end = await launch(env, logFile)
  const until = Date.now() + readyWithinMs
  while (Date.now() < until) {
    const url = await findRunningServer(dataDir)
    if (url !== undefined) return url
    // Somebody else may have been quicker, and is not ready yet: then that one is waited for.
    const problem = end.reason === undefined ? undefined : await readProblem(logFile)
    if (end.reason !== undefined && problem?.code !== 'server_already_running') {
      throw problem ? new PostMcpApiError(problem) : notStarted(`it ended (${end.reason})`, logFile)
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
  throw notStarted(`it did not answer within ${readyWithinMs / 1000} seconds`, logFile)
}

/** @returns why it ended, once it has */
async function launch(env: NodeJS.ProcessEnv, logFile: string): Promise<{ reason?: string }> {
  const log = await open(logFile, 'a', 0o600)
  try {
    await log.chmod(0o600)
    await log.truncate()
    const child = spawn(
      process.execPath,
      [entry, 'serve', '--json', '--idle-exit', String(idleExitSeconds)],
      // A process group of its own: Ctrl-C here is not meant for it.
      { env, detached: true, windowsHide: true, stdio: ['ignore', log.fd, log.fd] },
    )
    const end: { reason?: string } = {}
    child.once('error', ({ message }) => {
      end.reason = message
    })
    child.once('exit', (code, killedBy) => {
      end.reason = killedBy ?? `exit status ${code}`
    })
    child.unref()
    return end
  } finally {
    await log.close()
  }
}

/** The problem document among the lines of the log: the only JSON there that is spread over several lines. */
async function readProblem(logFile: string): Promise<Problem | undefined> {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  const [last] = [...text.matchAll(/^\{\n.*?^\}$/gms)].slice(-1)
  try {
    return last && (JSON.parse(last[0]) as Problem)
  } catch {
    return undefined
  }
}

const notStarted = (why: string, logFile: string) =>
  cliError(
    'server_unreachable',
    `A server was started for the browser to come back to, but ${why}.`,
    `Look into ${logFile}, or run \`postmcp serve\` in another terminal and try again.`,
  )
