import { fork } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'

type Role = 'api' | 'worker'

/** The server of the product, as far as it is used here. */
export type Serve = (options: {
  env: NodeJS.ProcessEnv
  role: Role
  signal: AbortSignal
  onReady(server: { url: string | null }): void
}) => Promise<void>

/** What a process said of its memory, in bytes. */
interface Memory {
  /** Since it was asked last. */
  peak: number
  now: number
}

/** The built product in a process of its own. */
export interface ProductProcess {
  /** Where its API listens; empty for a worker. */
  url: string
  memory(): Promise<Memory>
  stop(): Promise<void>
}

/** Starts it and waits until it is up. @param env all there is, beside the path and any free port */
export async function startProduct(role: Role, env: Record<string, string>): Promise<ProductProcess> {
  const child = fork(fileURLToPath(new URL('./server-child.ts', import.meta.url)), [role], {
    env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', POSTMCP_PORT: '0', ...env },
    execArgv: [],
  })
  const exited = once(child, 'exit')
  const said = async <T>(): Promise<T> => {
    const ended = exited.then((): never => {
      throw new Error(`the ${role} ended too soon`)
    })
    return Promise.race([once(child, 'message').then(([message]) => message as T), ended])
  }
  const { url } = await said<{ url: string | null }>()
  return {
    url: url ?? '',
    memory() {
      child.send('memory')
      return said()
    },
    async stop() {
      if (child.connected) child.send('stop')
      await exited
    },
  }
}

/** A file as the API shows it, as far as it is looked at here. */
export interface UploadedMedia {
  id: string
  kind: string
  bytes: number
  sha256: string
}

/** Uploads a file through an API. */
export async function upload(
  url: string,
  key: string,
  content: AsyncIterable<Uint8Array>,
  bytes: number,
): Promise<UploadedMedia> {
  const sending = request(`${url}/media?fileName=large.mp4`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-length': bytes },
  })
  const answered = once(sending, 'response')
  await pipeline(content, sending)
  const [answer] = await answered
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  if (answer.statusCode !== 201) throw new Error(`the upload was answered with ${answer.statusCode}: ${text}`)
  const media = JSON.parse(text)
  if (media.bytes !== bytes || media.kind !== 'video')
    throw new Error(`it was taken for something else: ${text}`)
  return media
}
