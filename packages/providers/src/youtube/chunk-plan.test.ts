import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Chunk, chunkUnit, nextChunk } from './chunk-plan.js'

function planOf(total: number, from = 0): Chunk[] {
  const chunks: Chunk[] = []
  for (let start = from; start < total; ) {
    const chunk = nextChunk(start, total)
    chunks.push(chunk)
    start = chunk.end
  }
  return chunks
}

describe('the chunks of a file', () => {
  it('follow each other to the end, are multiples of 256 KiB but for the last, which is never larger', () => {
    const size = fc.oneof(
      fc.integer({ min: 1, max: 3 * chunkUnit }),
      fc.integer({ min: 1, max: 400 * chunkUnit }),
    )
    fc.assert(
      fc.property(size, fc.nat(), (total, from) => {
        const start = from % total
        const chunks = planOf(total, start)
        expect(chunks[0]?.start).toBe(start)
        expect(chunks.at(-1)?.end).toBe(total)
        chunks.forEach((chunk, index) => {
          const length = chunk.end - chunk.start
          expect(length).toBeGreaterThan(0)
          if (index > 0) expect(chunk.start).toBe(chunks[index - 1]?.end)
          expect(chunk.isLast).toBe(index === chunks.length - 1)
          if (chunk.isLast) expect(length).toBeLessThanOrEqual(chunkUnit)
          else expect(length % chunkUnit).toBe(0)
          expect(length).toBeLessThanOrEqual(8 * 1024 * 1024)
        })
      }),
    )
  })

  it.each([
    [1, [1]],
    [chunkUnit, [chunkUnit]],
    [chunkUnit + 1, [chunkUnit, 1]],
    [2 * chunkUnit, [chunkUnit, chunkUnit]],
    [33 * chunkUnit, [32 * chunkUnit, chunkUnit]],
    [33 * chunkUnit + 5, [32 * chunkUnit, chunkUnit, 5]],
  ])('of %i bytes are %j', (total, lengths) => {
    expect(planOf(total).map(({ start, end }) => end - start)).toEqual(lengths)
  })
})
