import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
// @ts-expect-error the server brings no types
import S3rver from 's3rver'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryMediaStorage } from '../testing/memory-media-storage.js'
import { testStorage } from '../testing/storage-suite.js'
import { localMediaStorage } from './local-media-storage.js'
import { type S3Settings, s3MediaStorage } from './s3-media-storage.js'

let folder: string
let s3: { close(): Promise<void> }
let settings: S3Settings
const opened: { close(): Promise<void> }[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postmcp-storage-'))
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: join(folder, 's3'),
    configureBuckets: [{ name: 'media' }],
  })
  const { port } = await server.run()
  s3 = { close: () => server.close() }
  settings = {
    bucket: 'media',
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    prefix: 'postmcp/',
    forcePathStyle: true,
  }
})
afterAll(async () => {
  await Promise.all(opened.map((storage) => storage.close()))
  await s3.close()
  await rm(folder, { recursive: true })
})

const openS3 = (more: Partial<S3Settings> = {}) => {
  const storage = s3MediaStorage({ ...settings, ...more })
  opened.push(storage)
  return storage
}

testStorage('files', () => localMediaStorage(join(folder, 'files')))
testStorage('a bucket', () => openS3())
testStorage('memory', memoryMediaStorage)

describe('media in files', () => {
  it('are for this user only, below their workspace', async () => {
    const directory = join(folder, 'private')
    const storage = localMediaStorage(directory)
    await storage.put('ws_1/media_1', [Buffer.from('x')] as never)
    const { mode } = await stat(join(directory, 'ws_1/media_1'))
    expect(mode & 0o777).toBe(0o600)
    expect((await stat(join(directory, 'ws_1'))).mode & 0o777).toBe(0o700)
  })

  it.each(['../x', 'ws_1/../../x', '/etc/passwd', '.drafts/x', 'ws_1/.x', '', 'ws_1//x'])(
    'have no key such as %j',
    async (key) => {
      const storage = localMediaStorage(join(folder, 'keys'))
      await expect(storage.open(key)).rejects.toThrow('not a key')
      await expect(storage.delete(key)).rejects.toThrow('not a key')
      await expect(storage.put(key, [] as never)).rejects.toThrow('not a key')
    },
  )

  it('what a dead process left behind is swept away, what a living one writes is not', async () => {
    const directory = join(folder, 'swept')
    const storage = localMediaStorage(directory)
    const drafts = join(directory, '.drafts')
    await storage.sweep()
    await mkdir(drafts, { recursive: true })
    await writeFile(join(drafts, 'dead'), 'x')
    await utimes(join(drafts, 'dead'), new Date(), new Date(Date.now() - 2 * 3_600_000))
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a')
      await storage.sweep()
      expect(await readdir(drafts)).toHaveLength(1)
      yield Buffer.from('b')
    }
    await storage.put('ws_1/media_1', slowly())
    expect(await readdir(drafts)).toEqual([])
    expect(await storage.open('ws_1/media_1')).not.toBeNull()
  })
})

describe('media in a bucket', () => {
  it('lie below the prefix', async () => {
    await openS3().put('ws_1/media_2', [Buffer.from('abc')] as never)
    expect(await openS3({ prefix: '' }).open('postmcp/ws_1/media_2')).not.toBeNull()
    expect(await openS3({ prefix: 'other/' }).open('ws_1/media_2')).toBeNull()
  })

  it('are the same bytes after a way in many parts', async () => {
    const hash = createHash('sha256')
    async function* large(): AsyncGenerator<Uint8Array> {
      for (let index = 0; index < 640; index++) {
        const chunk = Buffer.alloc(64 * 1024, index & 255)
        hash.update(chunk)
        yield chunk
      }
    }
    const storage = openS3()
    await storage.put('ws_1/media_3', large())
    const found = createHash('sha256')
    for await (const chunk of (await storage.open('ws_1/media_3')) ?? []) found.update(chunk)
    expect(found.digest('hex')).toBe(hash.digest('hex'))
    await storage.delete('ws_1/media_3')
  })

  it('that cannot be reached, or is not there, is said to be so without keys and addresses', async () => {
    for (const wrong of [{ endpoint: 'http://127.0.0.1:1' }, { bucket: 'nobodys' }]) {
      const error: unknown = await openS3(wrong)
        .put('ws_1/media_4', [Buffer.from('x')] as never)
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'storage_unavailable' })
      expect(JSON.stringify(error)).not.toMatch(/S3RVER|127\.0\.0\.1|media_4/)
    }
  })
})

/** Any other S3 service, where one is at hand: a URL such as http://key:secret@127.0.0.1:9000/bucket. */
const elsewhere = process.env.POSTMCP_TEST_S3_URL
if (elsewhere) {
  const { origin, username, password, pathname } = new URL(elsewhere)
  const credentials = {
    accessKeyId: decodeURIComponent(username),
    secretAccessKey: decodeURIComponent(password),
  }
  const other = () => openS3({ endpoint: origin, bucket: pathname.slice(1), credentials })
  testStorage('a bucket elsewhere', other)
  it('uploads that broke off are ended there', () => other().sweep())
}
