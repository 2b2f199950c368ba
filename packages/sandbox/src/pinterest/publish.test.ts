import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { createPinterest } from './index.js'

const scopes = ['boards:read', 'boards:write', 'pins:read', 'pins:write', 'user_accounts:read']
const jpeg = Buffer.from('ffd8ffe000104a464946', 'hex')
const picture = (data: Buffer | string = jpeg, content_type = 'image/jpeg') => ({
  content_type,
  data: data.toString('base64'),
})
const one = { source_type: 'image_base64', ...picture() }

let running: RunningSandbox | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

async function start() {
  running = await startSandbox({ platforms: [createPinterest()] })
  const handle = running.platform('pinterest')
  const { world, endpoints, tokens, app } = handle
  const [ada, ben] = world.people()
  if (!ada || !ben) throw new Error('Nobody is there.')
  const boards = world.resources('board')
  const boardOf = (name: string) => boards.find((board) => board.name === name)?.id ?? ''
  const tokenOf = (personId: string, names = scopes) =>
    tokens.issue({ clientId: app?.clientId ?? '', personId, scopes: names }).accessToken
  const accessToken = tokenOf(ada.id)
  const call = async (method: string, path: string, body?: unknown, token = accessToken) => {
    const answer = await fetch(`${endpoints.api}/v5${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
  }
  const pin = (more: object = {}, token?: string) =>
    call('POST', '/pins', { board_id: boardOf('Recipes'), title: 'Cake', media_source: one, ...more }, token)
  const register = async () => (await call('POST', '/media', { media_type: 'video' })).body
  const upload = async (
    { upload_url, upload_parameters }: { upload_url: string; upload_parameters: Record<string, string> },
    file: Buffer | null = Buffer.from('0000001c667479706d703432', 'hex'),
    change: Record<string, string> = {},
  ) => {
    const form = new FormData()
    for (const [name, value] of Object.entries({ ...upload_parameters, ...change })) form.append(name, value)
    if (file) form.append('file', new Blob([new Uint8Array(file)], { type: 'video/mp4' }), 'video.mp4')
    return (await fetch(upload_url, { method: 'POST', body: form })).status
  }
  return { handle, world, ada, ben, boardOf, tokenOf, call, pin, register, upload }
}

describe('a Pin', () => {
  it('is created from a picture, and everybody sees it', async () => {
    const { pin, call, world, boardOf } = await start()
    const wanted = {
      description: 'Words',
      alt_text: 'A cake',
      link: 'https://example.org',
      dominant_color: '#ff0000',
    }
    const { status, body } = await pin(wanted)
    expect([status, body]).toEqual([
      201,
      expect.objectContaining({
        ...wanted,
        board_id: boardOf('Recipes'),
        creative_type: 'REGULAR',
        is_owner: true,
      }),
    ])
    expect(world.posts()).toMatchObject([
      {
        id: body.id,
        text: 'Cake\n\nWords',
        isPublic: true,
        media: [{ altText: 'A cake', sha256: createHash('sha256').update(jpeg).digest('hex') }],
      },
    ])
    expect((await call('GET', `/pins/${body.id}`)).body).toMatchObject({ id: body.id, title: 'Cake' })
  })

  it('is created from several pictures', async () => {
    const { pin, world } = await start()
    const items = [picture(), picture(Buffer.from('89504e470d0a1a0a', 'hex'), 'image/png')]
    const { body } = await pin({ media_source: { source_type: 'multiple_image_base64', items, index: 1 } })
    expect(body).toMatchObject({
      creative_type: 'CAROUSEL',
      media: { media_type: 'multiple_images', items: [{}, {}] },
    })
    expect(world.posts()[0]?.media).toHaveLength(2)
  })

  it.each([
    [{ title: 'x'.repeat(101) }],
    [{ description: 'x'.repeat(801) }],
    [{ alt_text: 'x'.repeat(501) }],
    [{ link: `https://example.org/${'x'.repeat(2048)}` }],
    [{ link: 'example.org' }],
    [{ title: 7 }],
    [{ board_id: 'recipes' }],
    [{ board_section_id: 'cakes' }],
    [{ shoe_size: 42 }],
    [{ media_source: { source_type: 'image' } }],
    [{ media_source: undefined }],
    [{ media_source: { source_type: 'image_base64', ...picture('GIF89a', 'image/gif') } }],
    [{ media_source: { source_type: 'image_base64', ...picture('GIF89a') } }],
    [{ media_source: { ...one, data: 'not base64!' } }],
    [{ media_source: { source_type: 'multiple_image_base64', items: [picture()] } }],
    [{ media_source: { source_type: 'multiple_image_base64', items: [picture(), picture()], index: 2 } }],
    [{ media_source: { source_type: 'video_id', media_id: '1', cover_image_key_frame_time: 0 } }],
  ])('is refused with %j', async (more) => {
    const { pin, world } = await start()
    expect(await pin(more)).toMatchObject({ status: 400, body: { code: 1 } })
    expect(world.posts()).toEqual([])
  })

  it('takes all four scopes, a board of one’s own, and further scopes where that is secret', async () => {
    const { pin, tokenOf, ada, ben, boardOf, world } = await start()
    for (const missing of scopes.slice(0, 4)) {
      const token = tokenOf(
        ada.id,
        scopes.filter((name) => name !== missing),
      )
      expect(await pin({}, token)).toMatchObject({ status: 401, body: { code: 3 } })
    }
    expect(await pin({}, tokenOf(ben.id))).toMatchObject({ status: 403, body: { code: 7 } })
    expect(await pin({ board_id: '1' })).toMatchObject({ status: 404, body: { code: 40 } })
    const secret = { board_id: boardOf('Secret plans') }
    expect((await pin(secret)).status).toBe(403)
    const all = [...scopes, 'boards:read_secret', 'boards:write_secret', 'pins:write_secret']
    expect((await pin(secret, tokenOf(ada.id, all.slice(0, 6)))).body.code).toBe(3)
    expect((await pin(secret, tokenOf(ada.id, all))).status).toBe(201)
    expect(world.posts()).toMatchObject([{ isPublic: false }])
  })

  it('is refused as spam, and of an app with Trial access', async () => {
    const { pin, world, ada } = await start()
    world.setCondition(ada.id, 'spam')
    expect(await pin()).toMatchObject({
      status: 429,
      body: { code: 8, message_detail: expect.stringContaining('spam') },
    })
    world.setCondition(ada.id, 'trial_app')
    expect(await pin()).toMatchObject({
      status: 403,
      body: { code: 29, message: expect.stringContaining('Trial') },
    })
  })

  it('is deleted by whoever made it, once', async () => {
    const { pin, call, tokenOf, ben, boardOf, world } = await start()
    const { body } = await pin({ board_id: boardOf('Travel together') })
    expect((await call('DELETE', `/pins/${body.id}`, undefined, tokenOf(ben.id))).status).toBe(403)
    expect((await call('DELETE', `/pins/${body.id}`)).status).toBe(204)
    expect(world.posts()).toEqual([])
    expect(await call('DELETE', `/pins/${body.id}`)).toMatchObject({ status: 404, body: { code: 50 } })
  })
})

describe('the Pins of a board', () => {
  it('are listed newest first, page by page', async () => {
    const { pin, call, boardOf } = await start()
    const ids: string[] = []
    for (const title of ['1', '2', '3']) ids.unshift((await pin({ title })).body.id)
    const path = `/boards/${boardOf('Recipes')}/pins?page_size=2`
    const first = (await call('GET', path)).body
    expect(first.items.map(({ id }: { id: string }) => id)).toEqual(ids.slice(0, 2))
    const second = (await call('GET', `${path}&bookmark=${first.bookmark}`)).body
    expect(second.items.map(({ id }: { id: string }) => id)).toEqual(ids.slice(2))
    expect(second.bookmark).toBeNull()
    expect((await call('GET', '/pins')).body.items).toHaveLength(3)
  })

  it('that is secret are left out for whoever may not see them', async () => {
    const { pin, call, tokenOf, ada, boardOf } = await start()
    const writes = [...scopes, 'boards:read_secret', 'boards:write_secret', 'pins:write_secret']
    const secret = boardOf('Secret plans')
    await pin({ board_id: secret }, tokenOf(ada.id, writes))
    const list = async (names: string[]) =>
      (await call('GET', `/boards/${secret}/pins`, undefined, tokenOf(ada.id, names))).body.items
    expect(await list(writes)).toEqual([])
    expect(await list([...writes, 'pins:read_secret'])).toHaveLength(1)
  })
})

describe('a video', () => {
  it('is registered, uploaded, worked on and pinned with a cover', async () => {
    const { register, upload, call, pin, handle, world } = await start()
    handle.badDays.set({ fault: 'slow_media', seconds: 60 })
    const registered = await register()
    const status = async () => (await call('GET', `/media/${registered.media_id}`)).body.status
    expect(await status()).toBe('registered')
    expect(await upload(registered)).toBe(204)
    expect(await status()).toBe('processing')
    const media_source = {
      source_type: 'video_id',
      media_id: registered.media_id,
      cover_image_key_frame_time: 0,
    }
    expect((await pin({ media_source })).status).toBe(400)
    handle.clock.advance(61)
    expect(await status()).toBe('succeeded')
    expect(
      (await pin({ media_source: { ...media_source, cover_image_key_frame_time: undefined } })).status,
    ).toBe(400)
    expect((await pin({ media_source })).body).toMatchObject({
      creative_type: 'VIDEO',
      media: { media_type: 'video' },
    })
    expect(world.posts()).toMatchObject([{ media: [{ mimeType: 'video/mp4' }] }])
    expect((await call('GET', '/media')).body.items).toMatchObject([{ media_id: registered.media_id }])
  })

  it('is not taken without every parameter, without a file, or too late', async () => {
    const { register, upload, handle } = await start()
    const registered = await register()
    expect(await upload(registered, undefined, { policy: 'mine' })).toBe(403)
    expect(await upload(registered, undefined, { key: 'uploads/other' })).toBe(403)
    expect(await upload(registered, null)).toBe(400)
    handle.clock.advance(3601)
    expect(await upload(registered)).toBe(403)
  })

  it('fails where the file is none, and is known to its owner only', async () => {
    const { register, upload, call, tokenOf, ben } = await start()
    const registered = await register()
    await upload(registered, Buffer.from('no video at all'))
    const path = `/media/${registered.media_id}`
    expect((await call('GET', path)).body.status).toBe('failed')
    expect((await call('GET', path, undefined, tokenOf(ben.id))).status).toBe(404)
    expect((await call('POST', '/media', { media_type: 'image' })).status).toBe(400)
  })
})
