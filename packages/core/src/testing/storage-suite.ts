import { describe, expect, it } from 'vitest'
import type { MediaStorage } from '../media/media-storage.js'

/** No two pieces of a few bytes are the same nearby, so that none can stand for another. */
const bytesOf = (length: number, seed = 0): Uint8Array => {
  const words = new Uint32Array(Math.ceil(length / 4))
  for (let index = 0; index < words.length; index++) words[index] = index * 2_654_435_761 + seed
  return new Uint8Array(words.buffer, 0, length)
}

async function* inChunks(file: Uint8Array, size = 70_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size)
}

async function* breakingOff(file: Uint8Array): AsyncGenerator<Uint8Array> {
  yield* inChunks(file)
  throw new Error('the other side is gone')
}

async function collect(content: AsyncIterable<Uint8Array> | null): Promise<Buffer | null> {
  if (!content) return null
  const chunks: Uint8Array[] = []
  for await (const chunk of content) chunks.push(chunk)
  return Buffer.concat(chunks)
}

let files = 0
const newKey = () => `ws_suite/media_${++files}_${Date.now().toString(36)}`

/** What every storage of media must do. */
export function testStorage(name: string, open: () => MediaStorage): void {
  describe(`media storage: ${name}`, () => {
    it('gives back what it was given, whole and by any range', async () => {
      const storage = open()
      // Nothing, less than a part, a part exactly, and several with a rest.
      for (const length of [1, 1000, 8 * 1024 * 1024, 20 * 1024 * 1024 + 7]) {
        const key = newKey()
        const file = bytesOf(length)
        await storage.put(key, inChunks(file))
        expect((await collect(await storage.open(key)))?.equals(file)).toBe(true)
        const ranges = [
          [0, 2],
          [length - 1, length],
          [0, length],
          [Math.floor(length / 3), Math.floor(length / 2)],
          [length - 1, length + 1000],
        ]
        for (const [start = 0, end = 0] of ranges) {
          const part = await collect(await storage.open(key, { start, end }))
          expect(part?.equals(file.subarray(start, end)), `${start}-${end} of ${length}`).toBe(true)
        }
        expect((await collect(await storage.open(key, { start: 0, end: 0 })))?.length).toBe(0)
        await storage.delete(key)
      }
    })

    it('has nothing under a key that was not used, or whose file was deleted, as often as one likes', async () => {
      const storage = open()
      const key = newKey()
      expect(await storage.open(key)).toBeNull()
      expect(await storage.open(key, { start: 0, end: 10 })).toBeNull()
      await storage.delete(key)
      await storage.put(key, inChunks(bytesOf(10)))
      await storage.delete(key)
      await storage.delete(key)
      expect(await storage.open(key)).toBeNull()
    })

    it.each([10, 9 * 1024 * 1024, 17 * 1024 * 1024])(
      'keeps nothing of a file that breaks off after %i bytes, and says why',
      async (length) => {
        const storage = open()
        const key = newKey()
        await expect(storage.put(key, breakingOff(bytesOf(length)))).rejects.toThrow('the other side is gone')
        expect(await storage.open(key)).toBeNull()
      },
    )

    it('keeps the old file until a new one under its key is whole', async () => {
      const storage = open()
      const key = newKey()
      await storage.put(key, inChunks(bytesOf(100)))
      await storage.put(key, breakingOff(bytesOf(200, 1))).catch(() => {})
      expect((await collect(await storage.open(key)))?.equals(bytesOf(100))).toBe(true)
      await storage.put(key, inChunks(bytesOf(200, 1)))
      expect((await collect(await storage.open(key)))?.equals(bytesOf(200, 1))).toBe(true)
      await storage.delete(key)
    })

    it('reads no further than it is asked to', async () => {
      const storage = open()
      const key = newKey()
      await storage.put(key, inChunks(bytesOf(3_000_000)))
      for (let turn = 0; turn < 60; turn++) {
        for await (const chunk of (await storage.open(key)) ?? []) {
          expect(chunk.byteLength).toBeGreaterThan(0)
          break
        }
      }
      await storage.delete(key)
    })

    it('says how much room there is, or that nobody knows', async () => {
      const free = await open().free()
      expect(free === null || free > 0).toBe(true)
    })
  })
}
