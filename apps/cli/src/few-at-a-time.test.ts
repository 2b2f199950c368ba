import { expect, test } from 'vitest'
import { fewAtATime } from './few-at-a-time.js'

test('does each thing once, a few at a time, and keeps the order', async () => {
  let running = 0
  let most = 0
  const doubled = await fewAtATime([5, 1, 4, 2, 3], 2, async (number) => {
    running += 1
    most = Math.max(most, running)
    await new Promise((resolve) => setTimeout(resolve, number))
    running -= 1
    return number * 2
  })
  expect(doubled).toEqual([10, 2, 8, 4, 6])
  expect(most).toBe(2)
})

test('has nothing to do with nothing, and tells what went wrong', async () => {
  expect(await fewAtATime([], 4, async () => 1)).toEqual([])
  await expect(fewAtATime([1], 4, async () => Promise.reject(new Error('no')))).rejects.toThrow('no')
})
