import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { makeCertificate } from '@postmcp/tooling/test-servers/certificate'

/** A site as the Internet would have it at the usual port, although it listens on another one of this machine. */
export type HttpsSite = {
  readonly hostname: string
  /** Such as `https://postmcp.internal`. */
  readonly origin: string
  /** Where it really is on 127.0.0.1: not everybody may listen on 443. */
  readonly port: number
  /** In PEM, for those who are to believe it. */
  readonly certificate: string
  close(): Promise<void>
}

/** Starts a site. A name below `.internal` belongs to nobody on the Internet, and servers have no special rules for it. */
export async function startHttpsSite(hostname: string, listener: RequestListener): Promise<HttpsSite> {
  const { key, certificate } = makeCertificate(hostname)
  const server = createServer({ key, cert: certificate }, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    hostname,
    origin: `https://${hostname}`,
    port,
    certificate,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
