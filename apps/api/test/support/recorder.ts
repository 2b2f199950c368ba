import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

const jwtForm = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g

/** Stands before a PDS and remembers every token that passes, in the test only. */
export interface Recorder {
  url: string
  /** All tokens that were issued or used. */
  tokens: ReadonlySet<string>
  /** From now on answers every call of this method by repeating all it was sent; undefined: no longer. */
  repeatBack(nsid: string | undefined): void
  close(): Promise<void>
}

export async function startRecorder(target: string): Promise<Recorder> {
  const tokens = new Set<string>()
  const note = (text: string) => {
    for (const [token] of text.matchAll(jwtForm)) tokens.add(token)
  }
  let repeated: string | undefined
  const server = http.createServer(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const authorization = req.headers.authorization ?? ''
    note(authorization)
    if (repeated && req.url?.includes(repeated)) {
      const said = `${authorization} ${body} ${encodeURIComponent(String(body))}`
      res.writeHead(400, { 'content-type': 'application/json' })
      res.end(JSON.stringify({ error: said.slice(0, 90), message: said, [said.slice(0, 50)]: said }))
      return
    }
    const { host: _, connection: __, 'transfer-encoding': ___, ...headers } = req.headers
    const answer = await fetch(`${target}${req.url}`, {
      method: req.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(body.length > 0 && { body }),
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    note(bytes.toString('utf8'))
    res.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' })
    res.end(bytes)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokens,
    repeatBack(nsid) {
      repeated = nsid
    },
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
