import fc from 'fast-check'
import { expect, it } from 'vitest'
import { chunkAt } from './chunk-plan.js'

const largest = 8 * 1024 * 1024

it('the parts of a file follow each other without a gap, are not too many and not too large', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8_000_000_000 }), (total) => {
      let end = 0
      let index = 0
      for (let chunk = chunkAt(total, 0); chunk; chunk = chunkAt(total, ++index)) {
        const size = chunk.end - chunk.start
        if (chunk.index !== index || chunk.start !== end || size <= 0 || size > largest) return false
        end = chunk.end
      }
      return end === total && index <= 1000
    }),
  )
  expect(chunkAt(10, 0)).toEqual({ index: 0, start: 0, end: 10 })
})
