import type { AddressInfo } from 'node:net'
import { createAdaptorServer, type ServerType } from '@hono/node-server'
import type { Hono } from 'hono'
import type { SandboxPlatform } from './platform.js'
import type { PlatformHandle } from './platform-handle.js'
import { createSandbox, type Sandbox, type SandboxOptions } from './sandbox.js'

/** A sandbox that listens. */
export interface RunningSandbox {
  /** Such as `http://127.0.0.1:4478`. */
  origin: string
  sandbox: Sandbox
  platforms: readonly PlatformHandle[]
  /** @throws Error when there is no such platform */
  platform(id: string): PlatformHandle
  /** Stops listening and breaks what is open. */
  close(): Promise<void>
}

const LOOPBACK_HOSTS = ['127.0.0.1', '::1', 'localhost']

/**
 * Starts the platforms on this machine. Those that need an origin of their own listen on the ports after `port`, in the order of
 * the list, or, where `port` is 0, on any free ones.
 *
 * @param options.port default: 0, any free one
 * @param options.host must be this machine; default: 127.0.0.1
 * @throws Error when the host is not this machine, or a port is taken
 */
export async function startSandbox(
  options: SandboxOptions & { port?: number; host?: string } = {},
): Promise<RunningSandbox> {
  const { port = 0, host = '127.0.0.1', ...rest } = options
  if (!LOOPBACK_HOSTS.includes(host))
    throw new Error(`The sandbox listens on this machine only, not on ${host}.`)

  const origins = new Map<string, string>()
  const originOf = (name: string) => {
    const origin = origins.get(name)
    if (origin === undefined) throw new Error('The sandbox does not listen yet.')
    return origin
  }
  const baseOf = ({ id, ownOrigin }: SandboxPlatform) => (ownOrigin ? originOf(id) : `${originOf('')}/${id}`)
  const sandbox = createSandbox({ ...rest, baseOf })

  const apps: [name: string, app: Hono][] = [['', sandbox.app]]
  for (const { id, platform, routes } of sandbox.platforms) if (platform.ownOrigin) apps.push([id, routes])

  const servers: ServerType[] = []
  const close = async () => {
    sandbox.close()
    await Promise.all(servers.map(stop))
  }
  try {
    for (const [at, [name, app]] of apps.entries()) {
      // Its own Response in place of the global one would break `instanceof` for every client in this process.
      const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false })
      servers.push(server)
      origins.set(name, await listen(server, port === 0 ? 0 : port + at, host))
    }
  } catch (error) {
    await close()
    throw error
  }
  return { origin: originOf(''), sandbox, platforms: sandbox.platforms, platform: sandbox.platform, close }
}

function listen(server: ServerType, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const { port: heard } = server.address() as AddressInfo
      resolve(`http://${host === '::1' ? '[::1]' : host}:${heard}`)
    })
  })
}

function stop(server: ServerType): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    if ('closeAllConnections' in server) server.closeAllConnections()
  })
}
