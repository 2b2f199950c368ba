import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { CoreContext } from '../core-context.js'
import { newId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import { createPostGroup } from '../publish/create-post-group.js'
import { cancelPostGroup } from '../publish/settle-post.js'
import { createFakeClock } from '../testing/fake-clock.js'
import { createMemoryPlatform } from '../testing/memory-platform.js'
import { grownVideo, sampleImage, sampleVideo } from '../testing/sample-media.js'
import { connectUser, createScope, createTestCore, type TestCoreOptions } from '../testing/test-core.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { addMedia, mediaKey } from './add-media.js'
import { deleteMedia, deleteUnusedMedia } from './delete-media.js'
import { localMediaStorage } from './local-media-storage.js'
import type { MediaStorage } from './media-storage.js'
import { openMedia } from './open-media.js'

let database: TestDatabase
let folder: string
const clock = createFakeClock()
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
  folder = await mkdtemp(join(tmpdir(), 'postmcp-add-media-'))
})
afterAll(async () => {
  await database.drop()
  await rm(folder, { recursive: true })
})

let places = 0
async function world(options: Partial<TestCoreOptions> = {}) {
  const directory = join(folder, String(++places))
  const storage = localMediaStorage(directory)
  const core = await createTestCore(database, { platforms: [], clock, media: storage, ...options })
  const scope = await createScope(core)
  /** Every file there is, drafts included. */
  const files = async () => {
    const found = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
    return found.filter((each) => each.isFile()).map((each) => each.name)
  }
  const uploads = () =>
    database.query('select id from media_uploads where workspace_id = $1', [scope.workspaceId])
  return { core, scope, storage, files, uploads, isClean: async () => [await files(), await uploads()] }
}

async function* of(file: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size)
}
const add = (core: CoreContext, scope: Scope, file: Uint8Array, declaredBytes: number | null = file.length) =>
  addMedia(core, scope, { content: of(file), declaredBytes, fileName: 'x.exe' })

describe('a file', () => {
  it('is stored as it comes and known by its content, whatever it is called', async () => {
    const { core, scope, uploads } = await world()
    const file = await sampleVideo({ hasSound: true })
    for (const declaredBytes of [file.length, null]) {
      const media = await add(core, scope, file, declaredBytes)
      expect(media).toMatchObject({
        workspaceId: scope.workspaceId,
        kind: 'video',
        mimeType: 'video/mp4',
        bytes: file.length,
        sha256: createHash('sha256').update(file).digest('hex'),
        durationMs: 2000,
        fileName: 'x.exe',
        deletedAt: null,
      })
      expect(await core.store.media.get(scope.workspaceId, media.id)).toEqual(media)
      const chunks: Uint8Array[] = []
      for await (const chunk of await openMedia(core, media)) chunks.push(chunk)
      expect(Buffer.concat(chunks).equals(file)).toBe(true)
    }
    expect(await uploads()).toEqual([])
  })

  it('that is said to be too large, or to be nothing, is refused before it is read', async () => {
    const { core, scope, isClean } = await world({ mediaLimits: { maxBytes: 1000 } })
    let reads = 0
    async function* content(): AsyncGenerator<Uint8Array> {
      reads += 1
      yield new Uint8Array(1)
    }
    for (const [declaredBytes, code] of [
      [1001, 'payload_too_large'],
      [0, 'media_invalid'],
    ] as const) {
      const adding = addMedia(core, scope, { content: content(), declaredBytes, fileName: null })
      await expect(adding).rejects.toMatchObject({ code })
    }
    expect(reads).toBe(0)
    expect(await isClean()).toEqual([[], []])
  })

  it('that turns out too large is read no further, and nothing of it is left', async () => {
    const { core, scope, isClean } = await world({ mediaLimits: { maxBytes: 100_000 } })
    let sent = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        sent += 10_000
        yield new Uint8Array(10_000)
      }
    }
    const adding = addMedia(core, scope, { content: endless(), declaredBytes: null, fileName: null })
    await expect(adding).rejects.toMatchObject({ code: 'payload_too_large' })
    expect(sent).toBeLessThan(150_000)
    expect(await isClean()).toEqual([[], []])
  })

  it('that is refused, breaks off or is not as long as was said leaves nothing behind', async () => {
    const { core, scope, isClean } = await world()
    const image = await sampleImage('jpeg', { width: 200, height: 200 })
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield image.subarray(0, 500)
      throw new Error('SECRET of the network')
    }
    const refused = [
      [() => add(core, scope, Buffer.from('#!/bin/sh\n')), 'media_type_unsupported'],
      [() => add(core, scope, image.subarray(0, image.length / 2)), 'media_invalid'],
      [() => add(core, scope, image, image.length + 1), 'media_invalid'],
      [() => add(core, scope, image, image.length - 1), 'media_invalid'],
      [() => add(core, scope, new Uint8Array(), null), 'media_invalid'],
      [
        () => addMedia(core, scope, { content: breaking(), declaredBytes: null, fileName: null }),
        'media_invalid',
      ],
    ] as const
    for (const [adding, code] of refused) {
      const error: Error = await adding().then(
        () => new Error('it was taken'),
        (thrown: Error) => thrown,
      )
      expect(error).toMatchObject({ code })
      expect(error.message).not.toContain('SECRET')
    }
    expect(await isClean()).toEqual([[], []])
  })

  it('is refused where it would fill the disk, at once or on the way', async () => {
    let free = 600 * 1024 * 1024
    const place = await world()
    const storage: MediaStorage = { ...place.storage, free: async () => free }
    const { core, scope, isClean } = await world({ media: storage })
    const large = { declaredBytes: 100 * 1024 * 1024, fileName: null }
    await expect(addMedia(core, scope, { content: of(new Uint8Array(1)), ...large })).rejects.toMatchObject({
      code: 'storage_full',
    })
    async function* filling(): AsyncGenerator<Uint8Array> {
      for await (const chunk of grownVideo(200 * 1024 * 1024)) {
        free -= chunk.length
        yield chunk
      }
    }
    const adding = addMedia(core, scope, { content: filling(), declaredBytes: null, fileName: null })
    await expect(adding).rejects.toMatchObject({ code: 'storage_full' })
    expect(free).toBeGreaterThan(400 * 1024 * 1024)
    expect(await isClean()).toEqual([[], []])
    expect(await place.files()).toEqual([])
  })

  it('is removed by the worker where it could not be removed at once, or its process died', async () => {
    const place = await world()
    let isBroken = true
    const storage: MediaStorage = {
      ...place.storage,
      async delete(key) {
        if (isBroken) throw new Error('the storage does not answer')
        await place.storage.delete(key)
      },
    }
    const { core, scope, uploads } = await world({ media: storage })
    await expect(add(core, scope, Buffer.from('no image'))).rejects.toMatchObject({
      code: 'media_type_unsupported',
    })
    expect(await place.files()).toHaveLength(1)
    await deleteUnusedMedia(core)
    expect(await place.files()).toHaveLength(1)
    isBroken = false
    await database.query("update media_uploads set seen_at = now() - interval '2 hours'")
    await deleteUnusedMedia(core)
    expect(await place.files()).toEqual([])
    expect(await uploads()).toEqual([])
  })

  it('whose process was stopped for so long that it was given up is not taken, and leaves nothing', async () => {
    const { core, scope, isClean } = await world()
    const image = await sampleImage('png')
    async function* stopped(): AsyncGenerator<Uint8Array> {
      yield image
      await database.query("update media_uploads set seen_at = now() - interval '2 hours'")
      await deleteUnusedMedia(core)
    }
    const adding = addMedia(core, scope, { content: stopped(), declaredBytes: null, fileName: null })
    await expect(adding).rejects.toMatchObject({ code: 'media_invalid' })
    expect(await isClean()).toEqual([[], []])
  })
})

describe('a file that nobody needs', () => {
  it('is deleted by whoever asks for it, and told apart from one that never was', async () => {
    const { core, scope, files } = await world()
    const media = await add(core, scope, await sampleImage('png'))
    await deleteMedia(core, scope, media.id)
    await deleteMedia(core, scope, media.id)
    expect(await files()).toEqual([])
    const kept = await core.store.media.get(scope.workspaceId, media.id)
    expect(kept).toEqual({ ...media, deletedAt: clock.now() })
    if (kept) await expect(openMedia(core, kept)).rejects.toMatchObject({ code: 'not_found' })
    for (const [who, id] of [
      [scope, newId('media')],
      [await createScope(core), media.id],
    ] as const) {
      await expect(deleteMedia(core, who, id)).rejects.toMatchObject({ code: 'not_found' })
    }
  })

  it('is not deleted while a post waits for it', async () => {
    const platform = createMemoryPlatform({ clock })
    const { core, scope, files } = await world({ platforms: [platform] })
    const { id: accountId } = await connectUser(core, scope, platform, 'ann')
    const media = await add(core, scope, await sampleImage('png', { width: 8, height: 8 }))
    const { posts } = await createPostGroup(core, scope, {
      content: { text: 'x', media: [{ mediaId: media.id }] },
      targets: [{ accountId }],
    })
    await expect(deleteMedia(core, scope, media.id)).rejects.toMatchObject({ code: 'conflict' })
    expect(await files()).toHaveLength(1)
    await cancelPostGroup(core, scope, posts[0]?.groupId ?? 'pg_')
    await deleteMedia(core, scope, media.id)
    expect(await files()).toEqual([])
  })

  it('is deleted by the worker when its time is over, and not before', async () => {
    const { core, scope, storage } = await world({ mediaLimits: { keepDays: 30 } })
    const media = await add(core, scope, await sampleImage('png'))
    clock.advance(29 * 24 * 60 * 60)
    while ((await deleteUnusedMedia(core)).more);
    expect(await storage.open(mediaKey(media))).not.toBeNull()
    clock.advance(2 * 24 * 60 * 60)
    while ((await deleteUnusedMedia(core)).more);
    expect(await storage.open(mediaKey(media))).toBeNull()
    expect((await core.store.media.get(scope.workspaceId, media.id))?.deletedAt).toEqual(clock.now())
  })
})
