import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { CoreContext } from '../core-context.js'
import type { Media } from '../model/media.js'
import { createFakeClock } from '../testing/fake-clock.js'
import { sampleImage } from '../testing/sample-media.js'
import { createScope, createTestCore } from '../testing/test-core.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { createWorkspace } from '../workspace/workspaces.js'
import { addMedia } from './add-media.js'
import { deleteMedia } from './delete-media.js'
import { fileNameOf, mediaUrl, openMediaUrl } from './media-url.js'

let database: TestDatabase
let core: CoreContext
let media: Media
const clock = createFakeClock()
const publicUrl = 'https://post.example.org/api'
const anHour = { expiresInSeconds: 3600 }

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
  core = await createTestCore(database, { platforms: [], clock, publicUrl })
  media = await add()
})
afterAll(() => database.drop())

async function add(workspaceId?: Media['workspaceId']): Promise<Media> {
  const scope = workspaceId ? { workspaceId, actor: 'local' } : await createScope(core)
  async function* content() {
    yield await sampleImage('png')
  }
  return addMedia(core, scope, { content: content(), declaredBytes: null, fileName: 'Grüße / "1".exe' })
}

const partsOf = (url: string) => {
  const [workspaceId = '', mediaId = '', token = '', name = ''] = new URL(url).pathname.split('/').slice(-4)
  return { workspaceId, mediaId, token, name }
}
const open = (url: string, by = core) => openMediaUrl(by, partsOf(url))

describe('an address of a file', () => {
  it('leads to the file until it expires', async () => {
    const url = await mediaUrl(core, media, anHour)
    expect(url).toMatch(
      /^https:\/\/post\.example\.org\/api\/files\/ws_\w+\/media_\w+\/\d+\.[\w-]{43}\/Gru-e-1\.png$/,
    )
    expect(await open(url)).toEqual(media)
    clock.advance(3599)
    expect(await open(url)).toEqual(media)
    clock.advance(2)
    await expect(open(url)).rejects.toMatchObject({ code: 'link_expired', status: 410 })
  })

  it('is good in every process, and before and after a restart', async () => {
    const other = await createTestCore(database, { platforms: [], clock, publicUrl })
    const urls = await Promise.all([core, other, core].map((each) => mediaUrl(each, media, anHour)))
    expect(new Set(urls).size).toBe(1)
    expect(await open(urls[0] ?? '', other)).toEqual(media)
  })

  it('is good for nothing else: no other file, workspace, time or signature', async () => {
    const mine = partsOf(await mediaUrl(core, media, anHour))
    const other = await add()
    const [expiry = '', signature = ''] = mine.token.split('.')
    const forged = [
      { ...mine, mediaId: other.id },
      { ...mine, workspaceId: other.workspaceId },
      { ...mine, workspaceId: other.workspaceId, mediaId: other.id },
      { ...mine, token: `${Number(expiry) + 1}.${signature}` },
      { ...mine, token: `${expiry}.${signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}` },
      { ...mine, token: `${expiry}.${'A'.repeat(43)}` },
      { ...mine, token: `${expiry}.` },
      { ...mine, token: '' },
      { ...mine, token: `0${mine.token}` },
      { ...mine, mediaId: 'x' },
    ]
    for (const parts of forged) {
      await expect(openMediaUrl(core, parts), JSON.stringify(parts)).rejects.toMatchObject({
        code: 'not_found',
      })
    }
  })

  it('of a file that was deleted says that it is gone', async () => {
    const gone = await add()
    const url = await mediaUrl(core, gone, anHour)
    await deleteMedia(core, { workspaceId: gone.workspaceId, actor: 'local' }, gone.id)
    await expect(open(url)).rejects.toMatchObject({ code: 'link_expired' })
  })

  it('is not made where the world cannot reach us, but for the platforms that are simulated here', async () => {
    const inside = await createTestCore(database, { platforms: [], clock })
    await expect(mediaUrl(inside, media, anHour)).rejects.toMatchObject({ code: 'public_url_required' })
    const { id } = await createWorkspace(core, { name: 'S', mode: 'sandbox', maxAccounts: null })
    const url = await mediaUrl(core, await add(id), anHour)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:4477\/files\//)
  })

  it('needs a key that lies sealed', async () => {
    const rows = await database.query<{ sealed: Buffer }>(
      "select sealed from system_secrets where name = 'media-url-key'",
    )
    expect(rows).toHaveLength(1)
    expect(rows[0]?.sealed.length).toBeGreaterThan(43)
  })
})

it.each([
  ['a.PNG', 'a.png'],
  ['..', 'file.png'],
  [null, 'file.png'],
  ['"; x=', 'x.png'],
  ['été à Paris.jpeg', 'ete-a-Paris.png'],
  ['日本', 'file.png'],
  [`${'x'.repeat(200)}.png`, `${'x'.repeat(80)}.png`],
])('a file called %j is offered as %s', (fileName, expected) => {
  expect(fileNameOf({ fileName, mimeType: 'image/png' })).toBe(expected)
})
