import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { FormError, receiveForm } from './incoming-form.js'
import { createRandom } from './random.js'
import { World } from './world.js'

/** A request whose body arrives in pieces of this size. */
async function inPieces(form: FormData, bytes: number): Promise<Request> {
  const whole = new Response(form)
  const content = new Uint8Array(await whole.arrayBuffer())
  const body = new ReadableStream({
    start(controller) {
      for (let at = 0; at < content.byteLength; at += bytes) controller.enqueue(content.slice(at, at + bytes))
      controller.close()
    },
  })
  const headers = { 'content-type': whole.headers.get('content-type') ?? '' }
  return new Request('http://127.0.0.1/', { method: 'POST', headers, body, duplex: 'half' } as RequestInit)
}

const world = () => new World(createRandom('form'), () => new Date(0))

describe('a form with files', () => {
  const tricky = Buffer.from('\r\n--\r\n------formdata-undici\r\n\r\n-', 'utf8')
  const content = Buffer.concat([tricky, Buffer.alloc(70_000, 7), tricky])
  const form = new FormData()
  form.set('text', 'Größe: "ja"\r\n--nein')
  form.set('empty', '')
  form.set('file0', new File([content], 'a "picture".jpg', { type: 'image/jpeg' }))

  it.each([1, 7, 64, 65_536, 1_000_000])(
    'is read the same in pieces of %i bytes',
    async (bytes) => {
      const { fields, files } = await receiveForm(await inPieces(form, bytes))
      expect(fields).toEqual({ text: 'Größe: "ja"\r\n--nein', empty: '' })
      const found = files.get('file0')
      expect(found).toMatchObject({ fileName: 'a "picture".jpg', mimeType: 'image/jpeg' })
      expect(found?.head.byteLength).toBe(65_536)
      const media = found?.file.finish(world(), { personId: null, mimeType: '', altText: null })
      expect(media).toMatchObject({
        byteLength: content.byteLength,
        sha256: createHash('sha256').update(content).digest('hex'),
      })
    },
    20_000,
  )

  it('that breaks off, or is none, is refused', async () => {
    const whole = await inPieces(form, 1000)
    const half = (await whole.clone().arrayBuffer()).slice(0, 300)
    const { headers } = whole
    const cut = new Request('http://127.0.0.1/', { method: 'POST', headers, body: half })
    await expect(receiveForm(cut)).rejects.toThrow(FormError)
    const json = new Request('http://127.0.0.1/', { method: 'POST', body: '{}' })
    await expect(receiveForm(json)).rejects.toThrow(FormError)
  })
})
