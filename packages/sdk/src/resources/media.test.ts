import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PostMcp } from '../client.js'
import { answer, problem, scriptedFetch } from '../testing/scripted-fetch.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postmcp-sdk-'))
  await writeFile(join(folder, 'cat.png'), new Uint8Array(200_000).fill(7))
})
afterAll(() => rm(folder, { recursive: true }))

const bytes = new Uint8Array(200_000).fill(7)
async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000)
}

/** A client whose server reads what it is sent. */
function reading(...answers: Response[]) {
  const { fetch, requests } = scriptedFetch(...answers)
  const got: Uint8Array[] = []
  const client = new PostMcp({
    apiKey: 'k',
    fetch: async (request) => {
      const reply = await fetch(request)
      got.push(new Uint8Array(await request.arrayBuffer()))
      return reply
    },
  })
  return { client, requests, got }
}

describe('an upload', () => {
  it.each([
    ['bytes', bytes],
    ['a part of bytes', new Uint8Array(new Uint8Array(300_000).fill(7).buffer, 100, 200_000)],
    ['a buffer', bytes.buffer],
    ['a blob', new Blob([bytes])],
    ['a file', new File([bytes], 'cat.png')],
    ['a stream', new Blob([bytes]).stream()],
    ['an iterable', pieces()],
  ])('sends %s as they are, and tells how far it is', async (_, file) => {
    const { client, requests, got } = reading(answer({ id: 'media_1' }, 201))
    const told: number[] = []
    const onProgress = ({ sentBytes }: { sentBytes: number }) => void told.push(sentBytes)
    await client.media.upload(file, { bytes: 200_000, onProgress })
    expect(got[0]).toEqual(bytes)
    expect(requests[0]?.headers.get('content-length')).toBe('200000')
    expect(told.at(-1)).toBe(200_000)
    expect(told).toEqual([...told].sort((one, other) => one - other))
  })

  it('reads a file by its path, and calls it as it is called', async () => {
    const { client, requests, got } = reading(answer({ id: 'media_1' }, 201))
    await client.media.upload({ path: join(folder, 'cat.png') })
    expect(got[0]).toEqual(bytes)
    expect(new URL(requests[0]?.url ?? '').searchParams.get('fileName')).toBe('cat.png')
    const missing = client.media.upload({ path: join(folder, 'none.png') })
    await expect(missing).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('is repeated whole where that can be done, and not where it was a stream', async () => {
    const down = () => problem('database_unavailable', 503)
    const whole = reading(down(), answer({ id: 'media_1' }, 201))
    const told: number[] = []
    await whole.client.media.upload(bytes, { onProgress: ({ sentBytes }) => void told.push(sentBytes) })
    expect(whole.got).toEqual([bytes, bytes])
    const stream = reading(down(), answer({ id: 'media_1' }, 201))
    await expect(stream.client.media.upload(pieces())).rejects.toMatchObject({ code: 'database_unavailable' })
    expect(stream.requests).toHaveLength(1)
  })
})

it('a file is fetched and deleted by its address and id', async () => {
  const { client, requests, got } = reading(answer({ id: 'media_1' }, 201), answer(null, 204))
  await client.media.fetch('https://files.example.org/a.mp4', { fileName: 'b.mp4' })
  await client.media.delete('media_1')
  expect(requests.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
    'POST /media/fetch',
    'DELETE /media/media_1',
  ])
  expect(JSON.parse(new TextDecoder().decode(got[0]))).toEqual({
    url: 'https://files.example.org/a.mp4',
    fileName: 'b.mp4',
  })
})
