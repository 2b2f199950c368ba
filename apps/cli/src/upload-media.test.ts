import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fakeApi } from './testing/fake-api.js'
import { uploadMedia } from './upload-media.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postmcp-upload-'))
  await writeFile(join(folder, 'a.png'), 'AAA')
})
afterAll(() => rm(folder, { recursive: true }))

function terminal(isTTY: boolean) {
  const written: string[] = []
  return { isTTY, written, write: (text: string) => written.push(text) > 0 }
}

it('uploads paths and has addresses fetched, in their order', async () => {
  const { api, asked } = fakeApi({ id: 'media_1' }, { id: 'media_2' })
  const quiet = terminal(false)
  const address = 'https://files.example.org/b.mp4?token=SECRET'
  expect(await uploadMedia(api, [join(folder, 'a.png'), address], quiet as never)).toEqual([
    'media_1',
    'media_2',
  ])
  expect(asked).toEqual(['POST /media AAA', `POST /media/fetch {"url":"${address}"}`])
  expect(quiet.written).toEqual([])
})

it('shows on a terminal how far it is, and nothing of it stays', async () => {
  const { api } = fakeApi({ id: 'media_1' }, { id: 'media_2' })
  const screen = terminal(true)
  await uploadMedia(api, [join(folder, 'a.png'), 'https://files.example.org/b?token=SECRET'], screen as never)
  const all = screen.written.join('')
  expect(all).toContain('a.png  [########################] 100 %')
  expect(all).toContain('Fetching files.example.org')
  expect(all).not.toContain('SECRET')
  expect(screen.written.at(-1)).toBe('\r\u001b[2K')
})

it('sends nothing when one of the files is not there', async () => {
  const { api, asked } = fakeApi()
  for (const missing of [join(folder, 'none.png'), folder, 'example.org/x.png']) {
    const uploading = uploadMedia(api, [join(folder, 'a.png'), missing], terminal(false) as never)
    await expect(uploading).rejects.toMatchObject({ code: 'invalid_request' })
  }
  expect(asked).toEqual([])
})
