import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a bucket was asked: the name of the operation, as S3 has it. */
export type BucketOperation =
  | 'PutObject'
  | 'GetObject'
  | 'DeleteObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListMultipartUploads'

/** What goes wrong: refused, refused in an answer that looks like a success, or done without an answer. */
export type BucketTrouble = 'refused' | 'refused_within_200' | 'answer_lost'

/** An S3 bucket on loopback that tells what it was asked and what it holds, with uploads in parts as S3 has them. */
export interface RecordingBucket {
  origin: string
  asked: BucketOperation[]
  /** Contents by key. */
  objects: Map<string, Buffer>
  /** Uploads that were neither completed nor aborted, with their parts. */
  uploads: Map<string, { key: string; parts: Map<number, Buffer>; initiatedAt: Date }>
  /** From the so-manieth time on that it is asked for this. */
  trouble(operation: BucketOperation, trouble: BucketTrouble, from?: number): void
  close(): Promise<void>
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */
export async function startRecordingBucket(): Promise<RecordingBucket> {
  const asked: BucketOperation[] = []
  const objects: RecordingBucket['objects'] = new Map()
  const uploads: RecordingBucket['uploads'] = new Map()
  const troubles = new Map<BucketOperation, { trouble: BucketTrouble; from: number }>()

  const work = (operation: BucketOperation, key: string, query: URLSearchParams, body: Buffer): Reply => {
    const uploadId = query.get('uploadId') ?? ''
    const upload = uploads.get(uploadId)
    const needsUpload = uploadId !== '' && !upload
    if (needsUpload) return refusal(404, 'NoSuchUpload')
    switch (operation) {
      case 'PutObject':
        objects.set(key, body)
        return { status: 200, etag: etagOf(body) }
      case 'GetObject': {
        const content = objects.get(key)
        return content ? { status: 200, body: content } : refusal(404, 'NoSuchKey')
      }
      case 'DeleteObject':
        objects.delete(key)
        return { status: 204 }
      case 'CreateMultipartUpload': {
        const id = randomUUID()
        uploads.set(id, { key, parts: new Map(), initiatedAt: new Date() })
        return xml(
          `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
        )
      }
      case 'UploadPart':
        upload?.parts.set(Number(query.get('partNumber')), body)
        return { status: 200, etag: etagOf(body) }
      case 'CompleteMultipartUpload': {
        const wanted = [...body.toString().matchAll(/<PartNumber>(\d+)</g)].map(([, number]) =>
          Number(number),
        )
        const parts = wanted.map((number) => upload?.parts.get(number) ?? Buffer.alloc(0))
        objects.set(key, Buffer.concat(parts))
        uploads.delete(uploadId)
        return xml('<CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>')
      }
      case 'AbortMultipartUpload':
        uploads.delete(uploadId)
        return { status: 204 }
      case 'ListMultipartUploads': {
        const listed = [...uploads].map(
          ([id, { key: of, initiatedAt }]) =>
            `<Upload><Key>${of}</Key><UploadId>${id}</UploadId><Initiated>${initiatedAt.toISOString()}</Initiated></Upload>`,
        )
        return xml(`<ListMultipartUploadsResult>${listed.join('')}</ListMultipartUploadsResult>`)
      }
    }
  }

  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://bucket')
    const [, , ...path] = pathname.split('/')
    const operation = operationOf(request, searchParams)
    asked.push(operation)
    const body = await bodyOf(request)
    const trouble = troubles.get(operation)
    const times = asked.filter((each) => each === operation).length
    const met = trouble && times >= trouble.from ? trouble.trouble : undefined
    if (met === 'refused') return send(response, refusal(403, 'AccessDenied'))
    if (met === 'refused_within_200') return send(response, { ...refusal(200, 'InternalError') })
    const reply = work(operation, decodeURIComponent(path.join('/')), searchParams, body)
    if (met === 'answer_lost') response.destroy()
    else send(response, reply)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    asked,
    objects,
    uploads,
    trouble: (operation, trouble, from = 1) => void troubles.set(operation, { trouble, from }),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Reply {
  status: number
  etag?: string
  body?: Buffer | string
}

const xml = (body: string): Reply => ({ status: 200, body: `<?xml version="1.0" encoding="UTF-8"?>${body}` })

const refusal = (status: number, code: string): Reply => ({
  ...xml(`<Error><Code>${code}</Code><Message>No.</Message></Error>`),
  status,
})

const etagOf = (content: Buffer) => `"${createHash('md5').update(content).digest('hex')}"`

function operationOf({ method }: IncomingMessage, query: URLSearchParams): BucketOperation {
  if (query.has('uploads')) return method === 'POST' ? 'CreateMultipartUpload' : 'ListMultipartUploads'
  if (query.has('uploadId')) {
    if (method === 'PUT') return 'UploadPart'
    return method === 'POST' ? 'CompleteMultipartUpload' : 'AbortMultipartUpload'
  }
  if (method === 'PUT') return 'PutObject'
  return method === 'DELETE' ? 'DeleteObject' : 'GetObject'
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function send(response: ServerResponse, { status, etag, body }: Reply): void {
  response.writeHead(status, {
    ...(etag !== undefined && { etag }),
    ...(typeof body === 'string' && { 'content-type': 'application/xml' }),
  })
  response.end(body)
}
