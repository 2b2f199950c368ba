import type { S3Client } from '@aws-sdk/client-s3'
import { PostMcpError } from '../model/errors.js'
import type { MediaStorage } from './media-storage.js'

/** Where a bucket is, and as whom we go there. */
export interface S3Settings {
  bucket: string
  region: string
  /** Address of a service that is not Amazon's own; null: Amazon's. */
  endpoint: string | null
  /** Null: as the machine says, such as by its role. Secrets. */
  credentials: { accessKeyId: string; secretAccessKey: string } | null
  /** Put before every key; empty for none. */
  prefix: string
  /** Whether the bucket stands in the path of addresses and not in front of the host. */
  forcePathStyle: boolean
}

/** At most 10,000 parts make a file: this is enough for 78 GiB, and is what one upload holds in memory. */
const partBytes = 8 * 1024 * 1024
/** An upload whose process died is ended after so long. */
const abandonedMs = 24 * 60 * 60 * 1000

/** Media in a bucket of an S3-compatible service. The service's library is loaded by the first call. */
export function s3MediaStorage(settings: S3Settings): MediaStorage & { close(): Promise<void> } {
  const { bucket: Bucket, prefix } = settings
  let loading: ReturnType<typeof load> | undefined
  const open = () => {
    loading ??= load(settings)
    return loading
  }

  return {
    async put(key, chunks) {
      const { s3, client } = await open()
      const file = { Bucket, Key: prefix + key }
      const parts = inParts(chunks)
      try {
        const first = await parts.next()
        const second = first.done ? first : await parts.next()
        if (second.done) {
          const Body = first.done ? new Uint8Array() : first.value
          await answered(client.send(new s3.PutObjectCommand({ ...file, Body })))
          return
        }
        const { UploadId } = await answered(client.send(new s3.CreateMultipartUploadCommand(file)))
        try {
          const done: { PartNumber: number; ETag: string | undefined }[] = []
          for (let next: IteratorResult<Uint8Array, void> = first; !next.done; ) {
            const PartNumber = done.length + 1
            const part = { ...file, UploadId, PartNumber, Body: next.value }
            const { ETag } = await answered(client.send(new s3.UploadPartCommand(part)))
            done.push({ PartNumber, ETag })
            next = PartNumber === 1 ? second : await parts.next()
          }
          const MultipartUpload = { Parts: done }
          await answered(
            client.send(new s3.CompleteMultipartUploadCommand({ ...file, UploadId, MultipartUpload })),
          )
        } catch (error) {
          // What cannot be ended now is ended by `sweep`.
          await client.send(new s3.AbortMultipartUploadCommand({ ...file, UploadId })).catch(() => {})
          throw error
        }
      } finally {
        // Whoever sends the file is told that nobody reads on.
        await parts.return()
      }
    },

    async open(key, range) {
      const { s3, client } = await open()
      const file = { Bucket, Key: prefix + key }
      try {
        if (range && range.end <= range.start) {
          await client.send(new s3.HeadObjectCommand(file))
          return nothing()
        }
        const Range = range && `bytes=${range.start}-${range.end - 1}`
        const { Body } = await client.send(new s3.GetObjectCommand({ ...file, ...(Range && { Range }) }))
        return Body ? reading(Body as AsyncIterable<Uint8Array>) : null
      } catch (error) {
        const status = statusOf(error)
        if (status === 404) return null
        if (status === 416) return nothing()
        throw unavailable(error)
      }
    },

    async delete(key) {
      const { s3, client } = await open()
      await answered(client.send(new s3.DeleteObjectCommand({ Bucket, Key: prefix + key })))
    },

    free: async () => null,

    async sweep() {
      const { s3, client } = await open()
      const { Uploads = [] } = await answered(
        client.send(new s3.ListMultipartUploadsCommand({ Bucket, ...(prefix && { Prefix: prefix }) })),
      )
      for (const { Key, UploadId, Initiated } of Uploads) {
        if (!Initiated || Date.now() - Initiated.getTime() < abandonedMs) continue
        await answered(client.send(new s3.AbortMultipartUploadCommand({ Bucket, Key, UploadId })))
      }
    },

    async close() {
      if (loading) (await loading).client.destroy()
    },
  }
}

async function load({ region, endpoint, credentials, forcePathStyle }: S3Settings) {
  const s3 = await import('@aws-sdk/client-s3')
  const client: S3Client = new s3.S3Client({
    region,
    forcePathStyle,
    ...(endpoint !== null && { endpoint }),
    ...(credentials && { credentials }),
    // Services that are not Amazon's do not all know its newer checksums; TLS and our own SHA-256 do without.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  return { s3, client }
}

/** Collects chunks into parts: all of one size but the last. */
async function* inParts(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let part = Buffer.allocUnsafe(partBytes)
  let filled = 0
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; ) {
      const take = Math.min(partBytes - filled, chunk.byteLength - at)
      part.set(chunk.subarray(at, at + take), filled)
      filled += take
      at += take
      if (filled < partBytes) continue
      yield part
      // Not written into again: the part may still be on its way when it has to be sent a second time.
      part = Buffer.allocUnsafe(partBytes)
      filled = 0
    }
  }
  if (filled > 0) yield part.subarray(0, filled)
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function* reading(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    throw unavailable(error)
  }
}

async function answered<T>(asking: Promise<T>): Promise<T> {
  try {
    return await asking
  } catch (error) {
    throw unavailable(error)
  }
}

const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && '$metadata' in error
    ? (error.$metadata as { httpStatusCode?: number }).httpStatusCode
    : undefined

/** By the service's own word for it; its sentences name keys and addresses. */
const unavailable = (cause: unknown): PostMcpError => {
  const name = cause instanceof Error ? cause.name : 'unknown'
  return new PostMcpError(
    'storage_unavailable',
    `The storage of media did not do what was asked (${name}).`,
    { cause },
  )
}
