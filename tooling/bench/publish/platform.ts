/**
 * Three platforms in a process of their own: posts are texts, counted by account and text. `key` knows a repetition by its key,
 * `read` can be asked for a post, `never` can do neither. It can break the connection instead of answering, after it has acted.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FromPlatform, PlatformFigures, ToPlatform } from './messages.js'

interface Asked {
  kind: string
  account: string
  text: string
  key: string
}

/** How often a post is visible, and its id. */
const visible = new Map<string, { id: string; times: number }>()
const byKey = new Map<string, string>()
let requests = 0
let lostPercent = 0
let lost = 0

function post({ kind, account, text, key }: Asked): string {
  const known = kind === 'key' ? byKey.get(key) : undefined
  if (known !== undefined) return known
  const place = `${account} ${text}`
  const found = visible.get(place) ?? { id: `post-${visible.size + 1}`, times: 0 }
  found.times++
  visible.set(place, found)
  byKey.set(key, found.id)
  return found.id
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  requests++
  const asked = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Asked
  const isPost = request.url === '/post'
  const id = isPost ? post(asked) : (visible.get(`${asked.account} ${asked.text}`)?.id ?? null)
  if (isPost && Math.random() * 100 < lostPercent) {
    lost++
    request.socket.destroy()
    return
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id }))
}

const figures = (): PlatformFigures => {
  const duplicates = [...visible].filter(([, { times }]) => times > 1).map(([place]) => place)
  return { requests, lost, visible: [...visible.keys()], duplicates }
}

const tell = (message: FromPlatform) => process.send?.(message)

const server = createServer(
  (request, response) => void answer(request, response).catch(() => response.destroy()),
)
process.on('disconnect', () => process.exit(0))
process.on('message', (message: ToPlatform) => {
  if (message.type === 'lose') lostPercent = message.percent
  else tell({ type: 'figures', figures: figures() })
})
server.listen(0, '127.0.0.1', () => {
  tell({ type: 'ready', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})
