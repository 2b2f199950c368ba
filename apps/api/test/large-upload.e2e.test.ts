import { once } from 'node:events'
import { readdir, readFile, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { join, relative } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { grownVideo } from '@postmcp/core/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDatabase, type Database } from './support/database.js'
import { tempFolder } from './support/folder.js'
import { quickTimings } from './support/installation.js'
import { killAll, type ProductProcess, startServer } from './support/processes.js'
import { inTime, until } from './support/until.js'

const largeBytes = 200_000_000
/** What the process may need more than before, whatever the size of the file. */
const maxGrowth = 100_000_000

let database: Database
let folder: Awaited<ReturnType<typeof tempFolder>>
let server: ProductProcess
let apiKey: string

beforeAll(async () => {
  database = await createDatabase()
  folder = await tempFolder()
  server = await startServer('api', {
    ...quickTimings,
    DATABASE_URL: database.url,
    POSTMCP_DATA_DIR: folder.path,
    POSTMCP_SANDBOX: 'off',
    POSTMCP_MAX_MEDIA_BYTES: String(largeBytes + 1000),
  })
  apiKey = (await readFile(join(folder.path, 'api-key'), 'utf8')).trim()
})
afterAll(async () => {
  await killAll()
  await database?.drop()
  await folder?.remove()
})

interface Answer {
  status: number
  body: Record<string, unknown>
}

/** @param bytes what the request says of its length; null: nothing */
async function upload(content: AsyncIterable<Uint8Array>, bytes: number | null): Promise<Answer> {
  const sending = request(`${server.url}/media`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(bytes === null ? { 'transfer-encoding': 'chunked' } : { 'content-length': bytes }),
    },
  })
  const answered = once(sending, 'response')
  // A server that has answered need not read on, and ends what is still being sent.
  const over = pipeline(Readable.from(content), sending).catch(() => {})
  const [answer] = await answered
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  await inTime('the end of sending', over)
  return { status: answer.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) }
}

/** A video that begins as one and goes on for ever. */
async function* endless(): AsyncGenerator<Uint8Array> {
  for await (const chunk of grownVideo(1_000_000_000_000)) {
    yield chunk
    // As fast as the network takes it, and not as fast as memory takes it.
    await setImmediate()
  }
}

async function* counted(
  content: AsyncIterable<Uint8Array>,
  sent: { bytes: number },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    sent.bytes += chunk.byteLength
    yield chunk
  }
}

/** Paths of files in the folder for media. */
const files = async (): Promise<string[]> => {
  const folderOfMedia = join(folder.path, 'media')
  const found = await readdir(folderOfMedia, { recursive: true, withFileTypes: true }).catch(() => [])
  return found
    .filter((each) => each.isFile())
    .map(({ parentPath, name }) => relative(folderOfMedia, join(parentPath, name)))
}

/** Of the process, in bytes; only Linux tells it to others. */
async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

it.skipIf(process.platform !== 'linux')('a large video comes in without being held in memory', async () => {
  const small = await upload(grownVideo(1_000_000), 1_000_000)
  expect(small).toMatchObject({ status: 201, body: { kind: 'video' } })
  const before = await residentBytes()
  let most = before
  const look = setInterval(async () => {
    most = Math.max(most, await residentBytes())
  }, 50)
  try {
    const large = await upload(grownVideo(largeBytes), largeBytes)
    expect(large).toMatchObject({ status: 201, body: { kind: 'video', bytes: largeBytes, durationMs: 2000 } })
  } finally {
    clearInterval(look)
  }
  expect(most).toBeGreaterThan(0)
  expect(most - before).toBeLessThan(maxGrowth)
})

/** The most that lies in the folder for files while something is done, over what lay there before. */
async function keptMeanwhile(work: () => Promise<void>): Promise<number> {
  const before = await keptBytes()
  let most = before
  const look = setInterval(async () => {
    most = Math.max(most, await keptBytes())
  }, 20)
  try {
    await work()
  } finally {
    clearInterval(look)
  }
  return most - before
}

const keptBytes = async (): Promise<number> => {
  const folderOfMedia = join(folder.path, 'media')
  const sizes = (await files()).map(
    async (path) => (await stat(join(folderOfMedia, path)).catch(() => null))?.size ?? 0,
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

/** What is on its way between two processes of a machine, and what is written before it is counted. */
const underWay = 16_000_000

it('one that is said to be too large is refused before any of it is kept, and read no further', async () => {
  const kept = await files()
  const sent = { bytes: 0 }
  const most = await keptMeanwhile(async () => {
    const answer = await upload(counted(endless(), sent), 5_000_000_000)
    expect(answer).toMatchObject({ status: 413, body: { code: 'payload_too_large' } })
  })
  expect(most).toBe(0)
  expect(sent.bytes).toBeLessThan(underWay)
  expect(await files()).toEqual(kept)
})

it('one without an end is refused as soon as it is too large, and leaves nothing', async () => {
  const kept = await files()
  const sent = { bytes: 0 }
  const most = await keptMeanwhile(async () => {
    const answer = await upload(counted(endless(), sent), null)
    expect(answer).toMatchObject({ status: 413, body: { code: 'payload_too_large' } })
  })
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThan(largeBytes + underWay)
  expect(sent.bytes).toBeLessThan(largeBytes + underWay)
  expect(await files()).toEqual(kept)
})

it('one whose sender goes away leaves nothing', async () => {
  const kept = await files()
  const sending = request(`${server.url}/media`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-length': 10_000_000 },
  })
  sending.on('error', () => {})
  sending.write(new Uint8Array(3_000_000))
  await until('something came', async () => (await files()).length > kept.length)
  sending.destroy()
  await until('nothing is left', async () => (await files()).length === kept.length)
  const left = await until('the upload is over', async () => {
    const rows = await database.query('select id from media_uploads')
    return rows.length === 0 && [rows]
  })
  expect(left).toEqual([[]])
})
