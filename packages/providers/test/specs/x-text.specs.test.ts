import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { findAddresses } from '../../src/x/addresses.js'
import { hasForbiddenCharacter, type Weights, weigh } from '../../src/x/weighted-length.js'

/** The published cases for counting the characters of a post, of each version of the rules. */
const file = z.object({
  tests: z.object({
    tweets: cases(z.boolean()),
    urls: cases(z.boolean()),
    urls_without_protocol: cases(z.boolean()),
    WeightedTweetsCounterTest: cases(counted()),
    WeightedTweetsWithDiscountedEmojiCounterTest: cases(counted()),
    UnicodeDirectionalMarkerCounterTest: cases(counted()),
  }),
})

function cases<T>(expected: z.ZodType<T>) {
  return z.array(z.object({ description: z.string(), text: z.string(), expected })).min(1)
}

function counted() {
  return z.strictObject({
    weightedLength: z.int(),
    valid: z.boolean(),
    permillage: z.int(),
    displayRangeStart: z.literal(0),
    displayRangeEnd: z.int(),
    validRangeStart: z.literal(0),
    validRangeEnd: z.int(),
  })
}

const folder = process.env.POSTMCP_SPECS_DIR
if (!folder) throw new Error('POSTMCP_SPECS_DIR does not name the folder of API descriptions.')
const { tests } = file.parse(parse(readFileSync(join(folder, 'twitter-text.validate.yml'), 'utf8')))

const ranges: Weights['ranges'] = [
  { from: 0, to: 4351, weight: 100 },
  { from: 8192, to: 8205, weight: 100 },
  { from: 8208, to: 8223, weight: 100 },
  { from: 8242, to: 8247, weight: 100 },
]
/** @see https://github.com/twitter/twitter-text/tree/master/config (2026-11-22) */
const versions: Record<'v1' | 'v2', { weights: Weights; max: number }> = {
  v1: { weights: { defaultWeight: 100, ranges: [], addressLength: 23, joinsEmoji: false }, max: 140 },
  v2: { weights: { defaultWeight: 200, ranges, addressLength: 23, joinsEmoji: false }, max: 280 },
}

/** All that the cases ask for, from the parts of a text and their weights. */
function count(text: string, { weights, max }: { weights?: Weights; max: number }) {
  const composed = text.normalize('NFC')
  const offset = text.length - composed.length
  const parts = weigh(text, weights)
  const weightedLength = parts.reduce((sum, { weight }) => sum + weight, 0) / 100
  let weight = 0
  let at = 0
  let validRangeEnd = 0
  for (const part of parts) {
    weight += part.weight
    at += part.units
    if (weight > max * 100 || hasForbiddenCharacter(composed.slice(0, at))) break
    validRangeEnd = at - 1 + offset
  }
  return {
    weightedLength,
    valid: weightedLength > 0 && weightedLength <= max && !hasForbiddenCharacter(text),
    permillage: Math.floor((weightedLength / max) * 1000),
    displayRangeStart: 0,
    displayRangeEnd: text.length - 1,
    validRangeStart: 0,
    validRangeEnd,
  }
}

describe('the published cases of counting', () => {
  it.each(tests.tweets)('at first: $description', ({ text, expected }) => {
    expect(count(text, versions.v1).valid).toBe(expected)
  })
  it.each(tests.WeightedTweetsCounterTest)('with weights: $description', ({ text, expected }) => {
    expect(count(text, versions.v2)).toEqual(expected)
  })
  it.each([
    ...tests.WeightedTweetsWithDiscountedEmojiCounterTest,
    ...tests.UnicodeDirectionalMarkerCounterTest,
  ])('today: $description', ({ text, expected }) => {
    expect(count(text, { max: 280 })).toEqual(expected)
  })
})

/** Addresses that in a text are none, for they have no domain, or end before what may be punctuation. */
const notInTexts = [
  'http://192.168.0.1/index.html?src=asdf',
  'http://[3ffe:1900:4545:3:200:f8ff:fe21:67cf]:80/index.html',
  'http://user:PASSW0RD@example.com:8080/login.php',
  'http://example.com?foo=$bar.;baz?BAZ&c=d-#top/?stories+',
]
const isWhole = (text: string) => {
  const [first, ...others] = findAddresses(text)
  return first?.start === 0 && first.end === text.length && others.length === 0
}

describe('the published addresses', () => {
  const good = [...tests.urls, ...tests.urls_without_protocol].filter(
    ({ text, expected }) => expected && !notInTexts.includes(text),
  )
  it.each(good)('are found whole: $text', ({ text }) => {
    expect(isWhole(text)).toBe(true)
  })
  it.each(tests.urls.filter(({ expected }) => !expected))('are not found whole: $text', ({ text }) => {
    expect(isWhole(text)).toBe(false)
  })
})
