import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { serve as listen, type ServerType } from '@hono/node-server'
import { type CoreContext, PostMcpError, startWorker, type Worker } from '@postmcp/core'
import { createApp } from './app.js'
import { announceServer, asOnlyServer, makeDataDir, withdrawServer } from './data-dir.js'
import { localUrlOf, readSettings } from './env.js'
import { RequestClock, untilIdle } from './idle.js'
import { type Installation, openInstallation, platformRegistry } from './installation.js'
import { uploadPath } from './routes/media.js'

/** What runs in this process. */
export type ServeRole = 'all' | 'api' | 'worker'

/** A server that is up. */
export interface RunningServer {
  /** Address it listens on; null for a worker without API. */
  url: string | null
  installation: Installation
}

/**
 * Runs API and worker (or one of them) until the signal is aborted or nobody needs it, then ends cleanly: no new requests, what is
 * under way is finished, what is not is left in a state that the next start resumes.
 * @param idleExitSeconds an API ends by itself when there was no request for so long, no post is on its way and no connection is
 *   open; default: it does not
 * @param onReady called once everything is up
 * @throws PostMcpError `server_already_running`, `config_invalid` when the port is taken, and those of `openInstallation`
 */
export async function serve(options: {
  env: NodeJS.ProcessEnv
  role: ServeRole
  signal: AbortSignal
  idleExitSeconds?: number | undefined
  onReady: (server: RunningServer) => void
}): Promise<void> {
  const { env, role } = options
  if (role === 'worker') return run(options)
  const { dataDir } = readSettings(env, platformRegistry())
  await makeDataDir(dataDir)
  // A worker alone may stand beside it, even on the same directory; two APIs would fight over the announcement.
  return asOnlyServer(dataDir, () => run(options))
}

async function run(options: Parameters<typeof serve>[0]): Promise<void> {
  const { env, role, signal, idleExitSeconds, onReady } = options
  const installation = await openInstallation(env, { withSandbox: role !== 'worker' })
  const { core, settings, owner } = installation
  const clock = new RequestClock()
  let worker: Worker | undefined
  let server: ServerType | undefined
  try {
    if (role !== 'api') worker = await startWorker(core)
    let url: string | null = null
    if (role !== 'worker') {
      const app = createApp(core, installation.sandbox)
      const serverNonce = randomUUID()
      // Nothing from the socket reaches the app's bindings: a local principal cannot be sent over the network.
      const fetch = (request: Request, { incoming }: { incoming: IncomingMessage | Http2ServerRequest }) => {
        hurry(request, incoming)
        return clock.counted(request, () => app.fetch(toNodeRequest(request), { serverNonce }))
      }
      server = await listening(fetch, settings.host, settings.port)
      url = addressOf(server, settings.host)
      core.localUrl = localUrlOf(settings.host, Number(new URL(url).port))
      if (new URL(core.publicUrl).port === '0') nameSelf(core, url)
      installation.sandbox.hearAt(core.localUrl, core.publicUrl)
      await announceServer(settings.dataDir, { url, pid: process.pid, nonce: serverNonce })
    }
    onReady({ url, installation })
    if (idleExitSeconds === undefined || url === null) await aborted(signal)
    else await untilIdle({ store: core.store, owner, clock }, idleExitSeconds * 1000, signal)
  } finally {
    if (server) {
      await withdrawServer(settings.dataDir)
      await closed(server)
    }
    await worker?.stop()
    await installation.close()
  }
}

/**
 * What listens hands over objects that look like requests, which Node cannot copy; Hono's body limit does that with every request that
 * does not tell its length.
 */
function toNodeRequest(request: Request): Request {
  const { url, method, headers, signal } = request
  const hasBody = headers.has('content-length') || headers.has('transfer-encoding')
  return new Request(url, {
    method,
    headers,
    signal,
    ...(hasBody && { body: request.body, duplex: 'half' as const }),
  })
}

/** Longest time in which a request may come in that is no file; a file takes as long as it takes, but must not stand still. */
const requestMs = 300_000

/** In place of Node's own limit, which knows no difference between requests. */
function hurry(request: Request, incoming: IncomingMessage | Http2ServerRequest): void {
  if (request.method === 'GET' || new URL(request.url).pathname === uploadPath) return
  const timer = setTimeout(() => incoming.destroy(), requestMs)
  incoming.once('close', () => clearTimeout(timer))
}

function listening(
  fetch: (
    request: Request,
    env: { incoming: IncomingMessage | Http2ServerRequest },
  ) => Response | Promise<Response>,
  hostname: string,
  port: number,
): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    // Replaced global objects would no longer be what other libraries in this process compare with.
    const serverOptions = { requestTimeout: 0, headersTimeout: 60_000 }
    const options = { fetch, hostname, port, overrideGlobalObjects: false, serverOptions }
    const server = listen(options, () => resolve(server))
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

/** Any free port is known only once we listen on it; browsers are to be sent back there. */
function nameSelf(core: CoreContext, url: string): void {
  core.publicUrl = url
  core.redirectUris[0] = `${url}/accounts/oauth/callback`
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
