import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import sharp from 'sharp'
import { newId } from '../model/ids.js'
import type { PublishMedia } from '../provider/provider.js'

/** A file as a provider gets it, and its bytes for comparison. */
export interface SampleFile extends PublishMedia {
  content: Uint8Array<ArrayBuffer>
}

/** Files for posts of tests, and a server for platforms that fetch them. */
export interface SampleFiles {
  /** A JPEG of 1080 by 1080 pixels; each number is another picture. */
  image(number?: number, more?: Partial<PublishMedia>): Promise<SampleFile>
  /** Bytes that call themselves MP4: ten seconds of 1080 by 1920. */
  video(bytes?: number, more?: Partial<PublishMedia>): Promise<SampleFile>
  close(): Promise<void>
}

const types: Record<string, string> = { 'image/jpeg': 'jpg', 'video/mp4': 'mp4' }

export function createSampleFiles(): SampleFiles {
  const served = new Map<string, SampleFile>()
  let server: Promise<Server> | undefined

  const listen = () =>
    new Promise<Server>((resolve) => {
      const started = createServer((request, response) => {
        const file = served.get(request.url ?? '')
        if (!file) return void response.writeHead(404).end()
        const headers = { 'content-type': file.mimeType, 'content-length': file.content.byteLength }
        response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : file.content)
      })
      started.listen(0, '127.0.0.1', () => resolve(started))
    })

  function sample(
    content: Uint8Array<ArrayBuffer>,
    facts: Pick<PublishMedia, 'kind' | 'mimeType' | 'width' | 'height' | 'durationMs'>,
    more: Partial<PublishMedia>,
  ): SampleFile {
    const id = newId('media')
    const path = `/${id}.${types[facts.mimeType] ?? 'bin'}`
    const file: SampleFile = {
      id,
      ...facts,
      bytes: content.byteLength,
      sha256: createHash('sha256').update(content).digest('hex'),
      fileName: path.slice(1),
      altText: '',
      thumbnail: null,
      content,
      read: async () => new Uint8Array(content),
      stream: ({ start, end } = { start: 0, end: content.byteLength }) => ({
        bytes: end - start,
        async *open() {
          for (let at = start; at < end; at += 65_536) yield content.subarray(at, Math.min(end, at + 65_536))
        },
      }),
      async url() {
        server ??= listen()
        const { port } = (await server).address() as AddressInfo
        return `http://127.0.0.1:${port}${path}`
      },
      ...more,
    }
    served.set(path, file)
    return file
  }

  return {
    async image(number = 0, more = {}) {
      const background = { r: (number * 83) % 256, g: (number * 151) % 256, b: 90 }
      const picture = sharp({ create: { width: 1080, height: 1080, channels: 3, background } })
      const content = new Uint8Array(await picture.jpeg().toBuffer())
      const facts = { kind: 'image', mimeType: 'image/jpeg', width: 1080, height: 1080 } as const
      return sample(content, { ...facts, durationMs: null }, more)
    },
    async video(bytes = 300_000, more = {}) {
      const content = new Uint8Array(bytes)
      content.set(Buffer.from('0000001c667479706d703432', 'hex'))
      for (let at = 12; at < bytes; at++) content[at] = (at * 2_654_435_761) >>> 24
      const facts = { kind: 'video', mimeType: 'video/mp4', width: 1080, height: 1920 } as const
      return sample(content, { ...facts, durationMs: 10_000 }, more)
    },
    async close() {
      const running = await server
      running?.closeAllConnections()
      await new Promise<void>((resolve) => (running ? running.close(() => resolve()) : resolve()))
    },
  }
}
