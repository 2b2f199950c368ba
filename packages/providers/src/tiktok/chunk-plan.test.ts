import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chunkAt, planChunks } from './chunk-plan.js'

const MiB = 1024 * 1024

describe('the chunks of a file', () => {
  it('are cut as TikTok demands, follow each other to the end, and have any byte in one of them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4_000_000_000 }), fc.nat(), (total, at) => {
        const { chunkBytes, count } = planChunks(total)
        expect(count).toBe(Math.floor(total / chunkBytes))
        expect(count).toBeLessThanOrEqual(1000)
        if (total < 5 * MiB) expect([chunkBytes, count]).toEqual([total, 1])
        else {
          expect(chunkBytes).toBeGreaterThanOrEqual(5 * MiB)
          expect(chunkBytes).toBeLessThanOrEqual(64 * MiB)
        }
        const byte = at % total
        const { start, end, isLast } = chunkAt(byte, total)
        expect(start).toBeLessThanOrEqual(byte)
        expect(end).toBeGreaterThan(byte)
        expect(start % chunkBytes).toBe(0)
        expect(isLast).toBe(end === total)
        if (isLast) expect(end - start).toBeLessThan(10 * MiB)
        else expect(end - start).toBe(chunkBytes)
        if (!isLast) expect(chunkAt(end, total).start).toBe(end)
      }),
    )
  })

  it.each([
    [1, [1]],
    [10 * MiB - 1, [10 * MiB - 1]],
    [10 * MiB, [5 * MiB, 5 * MiB]],
    [15 * MiB - 1, [5 * MiB, 10 * MiB - 1]],
  ])('of %i bytes are %j', (total, lengths) => {
    const found: number[] = []
    for (let byte = 0; byte < total; ) {
      const { start, end } = chunkAt(byte, total)
      found.push(end - start)
      byte = end
    }
    expect(found).toEqual(lengths)
  })
})
