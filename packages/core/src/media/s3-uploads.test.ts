import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RecordingBucket, startRecordingBucket } from '../testing/recording-bucket.js'
import { s3MediaStorage } from './s3-media-storage.js'

const key = 'ws_1/media_1'
const mebibyte = 1024 * 1024

let bucket: RecordingBucket
let storage: ReturnType<typeof s3MediaStorage>
beforeEach(async () => {
  bucket = await startRecordingBucket()
  storage = s3MediaStorage({
    bucket: 'media',
    region: 'us-east-1',
    endpoint: bucket.origin,
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    prefix: 'postmcp/',
    forcePathStyle: true,
  })
})
afterEach(async () => {
  await storage.close()
  await bucket.close()
})

/** A file that comes in pieces; whether somebody still reads it is known. */
function file(bytes: number, breaksOff = false) {
  const reading = { isOver: false }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (let left = bytes; left > 0; left -= mebibyte)
        yield Buffer.alloc(Math.min(left, mebibyte), left & 255)
      if (breaksOff) throw new Error('the other side is gone')
    } finally {
      reading.isOver = true
    }
  }
  return { chunks: chunks(), reading }
}

/** Neither parts nor object, and nobody who waits for the rest of the file to be read. */
function expectNothingLeft({ reading }: ReturnType<typeof file>) {
  expect([...bucket.uploads.keys()]).toEqual([])
  expect([...bucket.objects.keys()]).toEqual([])
  expect(reading.isOver).toBe(true)
}

describe('an upload in parts', () => {
  it('puts them together, and nothing is aborted', async () => {
    await storage.put(key, file(20 * mebibyte + 5).chunks)
    expect(bucket.objects.get(`postmcp/${key}`)?.byteLength).toBe(20 * mebibyte + 5)
    expect(bucket.asked).toEqual([
      'CreateMultipartUpload',
      'UploadPart',
      'UploadPart',
      'UploadPart',
      'CompleteMultipartUpload',
    ])
  })

  it('of which the file breaks off leaves no parts and no object', async () => {
    const broken = file(18 * mebibyte, true)
    await expect(storage.put(key, broken.chunks)).rejects.toThrow('the other side is gone')
    expectNothingLeft(broken)
    expect(bucket.asked).toEqual([
      'CreateMultipartUpload',
      'UploadPart',
      'UploadPart',
      'AbortMultipartUpload',
    ])
  })

  it('of which the file breaks off before there is a second part is never begun', async () => {
    const broken = file(9 * mebibyte, true)
    await expect(storage.put(key, broken.chunks)).rejects.toThrow('the other side is gone')
    expectNothingLeft(broken)
    expect(bucket.asked).toEqual([])
  })

  it.each([
    ['PutObject', 'refused', 1, mebibyte],
    ['CreateMultipartUpload', 'refused', 1, 20 * mebibyte],
    ['UploadPart', 'refused', 1, 20 * mebibyte],
    ['UploadPart', 'refused', 2, 20 * mebibyte],
    ['UploadPart', 'answer_lost', 2, 20 * mebibyte],
    ['CompleteMultipartUpload', 'refused', 1, 20 * mebibyte],
    ['CompleteMultipartUpload', 'refused_within_200', 1, 20 * mebibyte],
  ] as const)('of which %s is %s from time %i on leaves nothing', async (operation, trouble, from, bytes) => {
    bucket.trouble(operation, trouble, from)
    const whole = file(bytes)
    await expect(storage.put(key, whole.chunks)).rejects.toMatchObject({ code: 'storage_unavailable' })
    expectNothingLeft(whole)
  })

  it('whose last answer is lost says that it failed, and its object goes with the deletion that follows', async () => {
    bucket.trouble('CompleteMultipartUpload', 'answer_lost')
    const whole = file(20 * mebibyte)
    await expect(storage.put(key, whole.chunks)).rejects.toMatchObject({ code: 'storage_unavailable' })
    await storage.delete(key)
    expectNothingLeft(whole)
  })

  it('that cannot be aborted is ended by a sweep a day later, and one that runs is not', async () => {
    bucket.trouble('AbortMultipartUpload', 'refused')
    await expect(storage.put(key, file(18 * mebibyte, true).chunks)).rejects.toThrow('the other side is gone')
    bucket.trouble('AbortMultipartUpload', 'refused', Number.POSITIVE_INFINITY)
    await storage.sweep()
    expect(bucket.uploads.size).toBe(1)
    const dayAgo = new Date(Date.now() - 25 * 3_600_000)
    for (const upload of bucket.uploads.values()) upload.initiatedAt = dayAgo
    bucket.uploads.set('running', { key: 'postmcp/ws_1/media_2', parts: new Map(), initiatedAt: new Date() })
    await storage.sweep()
    expect([...bucket.uploads.keys()]).toEqual(['running'])
  })
})
