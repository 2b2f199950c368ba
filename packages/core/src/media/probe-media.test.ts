import { describe, expect, it } from 'vitest'
import { sampleImage, sampleVideo } from '../testing/sample-media.js'
import { probeMedia } from './probe-media.js'
import { probeVideo } from './probe-video.js'

const probe = (file: Uint8Array) =>
  probeMedia({ bytes: file.byteLength, read: async (start, end) => file.subarray(start, end) })
const failure = async (file: Uint8Array) => {
  const error = await probe(file).then(
    (facts) => facts,
    (thrown: unknown) => thrown,
  )
  return error as { code?: string; message?: string }
}

const still = {
  kind: 'image',
  durationMs: null,
  frameRate: null,
  videoCodec: null,
  audioCodec: null,
  isAnimated: false,
  frames: 1,
}

describe('an image', () => {
  it.each(['jpeg', 'png', 'webp', 'gif'] as const)('is known by its content: %s', async (format) => {
    const facts = await probe(await sampleImage(format))
    expect(facts).toEqual({ ...still, mimeType: `image/${format}`, width: 48, height: 32 })
  })

  it('that is stored lying down and marked as turned counts as standing', async () => {
    for (const [orientation, width, height] of [
      [3, 48, 32],
      [6, 32, 48],
      [8, 32, 48],
    ]) {
      expect(await probe(await sampleImage('jpeg', { orientation: orientation ?? 1 }))).toMatchObject({
        width,
        height,
      })
    }
  })

  it.each(['gif', 'webp'] as const)(
    'that moves tells its pictures and how long it plays: %s',
    async (format) => {
      const file = await sampleImage(format, { frames: 5, delayMs: 200 })
      expect(await probe(file)).toMatchObject({
        isAnimated: true,
        frames: 5,
        durationMs: 1000,
        frameRate: 5,
        width: 48,
        height: 32,
      })
    },
  )

  it.each(['jpeg', 'png', 'webp', 'gif'] as const)(
    'that breaks off anywhere is refused: %s',
    async (format) => {
      const file = await sampleImage(format, { width: 200, height: 200 })
      for (const part of [0.3, 0.6, 0.9, 0.99]) {
        expect(await failure(file.subarray(0, file.length * part))).toMatchObject({ code: 'media_invalid' })
      }
    },
  )

  it('with damage inside is refused', async () => {
    for (const format of ['png', 'jpeg'] as const) {
      const file = await sampleImage(format, { width: 200, height: 200 })
      file.fill(0xff, file.length * 0.5, file.length * 0.5 + 60)
      expect(await failure(file), format).toMatchObject({ code: 'media_invalid' })
    }
  })

  it('that claims more pixels than can be decoded is refused before it is', async () => {
    const file = await sampleImage('png')
    new DataView(file.buffer).setUint32(16, 60_000)
    new DataView(file.buffer).setUint32(20, 60_000)
    expect(await failure(file)).toMatchObject({ code: 'media_invalid' })
  })
})

const moving = {
  kind: 'video',
  isAnimated: false,
  frames: null,
  width: 64,
  height: 32,
  durationMs: 2000,
  frameRate: 25,
}

describe('a video', () => {
  it.each([
    ['mp4', 'video/mp4', 'avc'],
    ['mov', 'video/quicktime', 'avc'],
    ['webm', 'video/webm', 'vp8'],
  ] as const)('is known by its content: %s', async (container, mimeType, videoCodec) => {
    for (const hasSound of [true, false]) {
      const audioCodec = hasSound ? 'opus' : null
      const facts = await probe(await sampleVideo({ container, hasSound }))
      expect(facts).toEqual({ ...moving, mimeType, videoCodec, audioCodec })
    }
  })

  it.each(['first', 'last', 'fragments'] as const)('is read wherever its index is: %s', async (index) => {
    expect(await probe(await sampleVideo({ index }))).toMatchObject(moving)
  })

  it('that is turned by players counts as they show it', async () => {
    expect(await probe(await sampleVideo({ rotation: 90 }))).toMatchObject({ width: 32, height: 64 })
  })

  it.each(['first', 'last', 'fragments'] as const)(
    'that breaks off is refused, its index being %s',
    async (index) => {
      const file = await sampleVideo({ index, hasSound: true })
      for (const part of [0.2, 0.5, 0.8, 0.98]) {
        expect(await failure(file.subarray(0, file.length * part)), String(part)).toMatchObject({
          code: 'media_invalid',
        })
      }
    },
  )

  it('whose WebM breaks off is refused', async () => {
    const file = await sampleVideo({ container: 'webm' })
    for (const part of [0.2, 0.5, 0.9]) {
      expect(await failure(file.subarray(0, file.length * part)), String(part)).toMatchObject({
        code: 'media_invalid',
      })
    }
  })

  it('of nothing but noise behind a right beginning is refused', async () => {
    for (const container of ['mp4', 'mov', 'webm'] as const) {
      const file = await sampleVideo({ container })
      for (let at = 48; at < file.length; at++) file[at] = (at * 7919) & 255
      expect(await failure(file), container).toMatchObject({ code: 'media_invalid' })
    }
    // Some noise sends the reader round in circles, which is given up after half a minute.
  }, 120_000)

  it('whose index claims billions of pictures is refused', async () => {
    const file = await sampleVideo({ index: 'fragments' })
    const at = Buffer.from(file.buffer).indexOf('trun')
    new DataView(file.buffer).setUint32(at + 8, 4_000_000_000)
    expect(await failure(file)).toMatchObject({
      code: 'media_invalid',
      message: 'A part of the video claims to be endless.',
    })
  })
})

it('a video that sends its reader round in circles is given up', async () => {
  const file = await sampleVideo({ container: 'webm' })
  const at = Buffer.from(file.buffer).indexOf(Buffer.from('1f43b675', 'hex')) + 12
  for (let byte = at; byte < file.length; byte++) file[byte] = (byte * 7919) & 255
  const source = { bytes: file.length, read: async (start: number, end: number) => file.subarray(start, end) }
  const began = Date.now()
  await expect(probeVideo(source, 'video/webm', { silentMs: 1500 })).rejects.toMatchObject({
    code: 'media_invalid',
  })
  expect(Date.now() - began).toBeLessThan(15_000)
})

describe('anything else', () => {
  it('is refused, with what is taken', async () => {
    for (const text of ['', '<svg xmlns="http://www.w3.org/2000/svg"/>', '%PDF-1.7\n', 'hello', '<html>']) {
      const error = await failure(Buffer.from(text.padEnd(200)))
      expect(error).toMatchObject({ code: 'media_type_unsupported' })
      expect(error.message).toContain('video/mp4')
    }
  })
})
