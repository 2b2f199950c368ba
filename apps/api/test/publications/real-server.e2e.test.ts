import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { platformRegistry } from '@postmcp/api'
import { startWorker } from '@postmcp/core'
import { sampleKinds } from '@postmcp/core/testing'
import { startTestPds, type TestPds, type TestPost } from '@postmcp/tooling/test-servers/pds'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { SandboxPost } from '../journeys/sandbox-admin.js'
import {
  connectNew,
  openTestInstallation,
  platformEnv,
  type TestInstallation,
} from '../support/installation.js'
import { commonPicture } from '../support/sample-files.js'
import { type Publication, tryPublication, type UploadedFile, upload } from './publication.js'

// The kinds of posts of Bluesky at a real server, read back as anybody reads them there.

const { manifest } = platformRegistry().get('bluesky')
const asked = (process.env.PUBLICATIONS_PLATFORMS ?? '').split(',').filter(Boolean)
const isAsked = asked.length === 0 || asked.includes('bluesky')
const cells: Publication[] = []
const closers: (() => Promise<unknown>)[] = []
let pds: TestPds
let product: TestInstallation
let images: UploadedFile[]

const record = z.object({
  text: z.string(),
  reply: z.object({ root: z.object({ uri: z.string() }) }).optional(),
  embed: z
    .object({
      images: z
        .array(
          z.object({
            alt: z.string(),
            image: z.object({ mimeType: z.string(), ref: z.object({ $link: z.string() }) }),
          }),
        )
        .optional(),
    })
    .optional(),
})

async function asSeen(did: string, { uri, value }: TestPost): Promise<SandboxPost> {
  const { text, reply, embed } = record.parse(value)
  const media = (embed?.images ?? []).map(async ({ alt, image: { mimeType, ref } }) => {
    const bytes = await pds.getBlob(did, ref.$link)
    return { mimeType, altText: alt, sourceSha256: createHash('sha256').update(bytes).digest('hex') }
  })
  const inReplyTo = reply?.root.uri ?? null
  return { id: uri, text, inReplyTo, deletedAt: null, media: await Promise.all(media), body: value }
}

describe.runIf(isAsked)('Bluesky at a real server', () => {
  beforeAll(async () => {
    pds = await startTestPds()
    closers.push(pds.close)
    product = await openTestInstallation({ ...platformEnv(pds), POSTMCP_POST_LEASE_SECONDS: '90' })
    closers.push(product.close)
    const worker = await startWorker(product.core)
    closers.push(() => worker.stop())
    images = [
      await upload(product, await commonPicture(), 'A grey picture'),
      await upload(product, await commonPicture(), 'Another grey picture'),
    ]
  })
  afterAll(async () => {
    const folder = process.env.PUBLICATIONS_REPORT
    if (folder) await writeFile(join(folder, 'real-server.json'), JSON.stringify(cells))
    for (const close of closers.reverse()) await close()
  })

  it('has every kind of post once, with its words, files and replies, and lets it be deleted', async () => {
    const { id, at } = await connectNew(product, pds)
    const place = {
      name: 'bluesky (real)',
      api: product,
      accountId: id,
      media: { images, video: undefined },
      posts: async () => Promise.all((await pds.listPosts(at.did)).map((post) => asSeen(at.did, post))),
      lacks: { video: 'the server has no video service' },
    }
    for (const kind of sampleKinds) cells.push(await tryPublication(kind, manifest, place))
    expect(cells.filter(({ wrong }) => wrong !== null)).toEqual([])
    expect(cells.filter(({ whyNot }) => whyNot !== null).map(({ kind }) => kind)).toEqual(['video'])
  })
})
