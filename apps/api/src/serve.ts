import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { serve as listen, type ServerType } from '@hono/node-server'
import { PostMcpError, startWorker, type Worker } from '@postmcp/core'
import { createApp } from './app.js'
import { announceServer, asOnlyServer, makeDataDir, withdrawServer } from './data-dir.js'
import { readSettings } from './env.js'
import { type Installation, openInstallation, platformRegistry } from './installation.js'

/** What runs in this process. */
export type ServeRole = 'all' | 'api' | 'worker'

/** A server that is up. */
export interface RunningServer {
  /** Address it listens on; null for a worker without API. */
  url: string | null
  installation: Installation
}

/**
 * Runs API and worker (or one of them) until the signal is aborted, then ends cleanly: no new requests, what is under way is
 * finished, what is not is left in a state that the next start resumes.
 * @param onReady called once everything is up
 * @throws PostMcpError `server_already_running`, `config_invalid` when the port is taken, and those of `openInstallation`
 */
export async function serve(options: {
  env: NodeJS.ProcessEnv
  role: ServeRole
  signal: AbortSignal
  onReady: (server: RunningServer) => void
}): Promise<void> {
  const { env, role, signal } = options
  if (role === 'worker') return run(options)
  const { dataDir } = readSettings(env, platformRegistry())
  await makeDataDir(dataDir)
  // A worker alone may stand beside it, even on the same directory; two APIs would fight over the announcement.
  return asOnlyServer(dataDir, () => run({ env, role, signal, onReady: options.onReady }))
}

async function run({ env, role, signal, onReady }: Parameters<typeof serve>[0]): Promise<void> {
  const installation = await openInstallation(env)
  const { core, settings } = installation
  let worker: Worker | undefined
  let server: ServerType | undefined
  try {
    if (role !== 'api') worker = await startWorker(core)
    let url: string | null = null
    if (role !== 'worker') {
      const app = createApp(core)
      // Nothing from the socket reaches the app's bindings: a local principal cannot be sent over the network.
      server = await listening((request) => app.fetch(request, {}), settings.host, settings.port)
      url = addressOf(server, settings.host)
      await announceServer(settings.dataDir, { url, pid: process.pid, nonce: randomUUID() })
    }
    onReady({ url, installation })
    await aborted(signal)
  } finally {
    if (server) {
      await withdrawServer(settings.dataDir)
      await closed(server)
    }
    await worker?.stop()
    await installation.close()
  }
}

function listening(
  fetch: (request: Request) => Response | Promise<Response>,
  hostname: string,
  port: number,
): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const server = listen({ fetch, hostname, port }, () => resolve(server))
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${error.code ?? error.message})`
      reject(
        new PostMcpError('config_invalid', `Port ${port} of ${hostname} ${why}.`, {
          cause: error,
          nextAction: 'Set POSTMCP_PORT to a free port, or stop what uses this one.',
        }),
      )
    })
  })
}

function addressOf(server: ServerType, host: string): string {
  const { port } = server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** No new connections; requests under way get ten seconds. */
function closed(server: ServerType): Promise<void> {
  return new Promise((resolve) => {
    const impatient = setTimeout(
      () => 'closeAllConnections' in server && server.closeAllConnections(),
      10_000,
    )
    server.close(() => {
      clearTimeout(impatient)
      resolve()
    })
    if ('closeIdleConnections' in server) server.closeIdleConnections()
  })
}
