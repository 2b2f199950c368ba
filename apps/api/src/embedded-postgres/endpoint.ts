import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import type { Cluster } from './cluster.js'
import { roleName } from './cluster.js'

/** Where a server listens: a Unix socket in its own folder, or a port of 127.0.0.1. */
export interface Endpoint {
  socketFolder?: string
  port: number
}

/** The name PostgreSQL gives its socket; with a folder of its own it never clashes. */
const socketPort = 5432

/** Room in `sockaddr_un` without the final zero byte: 107 on Linux, 103 on macOS. */
const maxSocketPathBytes = 103

/**
 * The socket, which other users cannot even reach; where there are none, or the path is too long for one, a free port.
 * That port can be taken by somebody else before the server binds it: then choose again.
 */
export async function chooseEndpoint(
  cluster: Cluster,
  { avoidSocket }: { avoidSocket: boolean },
): Promise<Endpoint> {
  const path = socketPath(cluster.folder)
  const fits = Buffer.byteLength(path) <= maxSocketPathBytes
  if (fits && !avoidSocket && process.platform !== 'win32') {
    return { socketFolder: cluster.folder, port: socketPort }
  }
  return { port: await freePort() }
}

/** Path of the socket that a server with this socket folder makes. */
export const socketPath = (folder: string) => join(folder, `.s.PGSQL.${socketPort}`)

/** A connection string with which `pg` (and libpq) connect. A secret. */
export function connectionString(
  { socketFolder, port }: Endpoint,
  { password, database, applicationName }: { password: string; database: string; applicationName: string },
): string {
  const url = new URL(`postgres://${roleName}:${password}@127.0.0.1:${port}/${database}`)
  if (socketFolder !== undefined) url.searchParams.set('host', socketFolder)
  url.searchParams.set('application_name', applicationName)
  url.searchParams.set('sslmode', 'disable') // else PGSSLMODE in the environment counts
  return url.href
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
