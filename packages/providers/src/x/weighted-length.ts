import { findAddresses } from './addresses.js'

/** How X weighs a text: hundredths of a character. */
export interface Weights {
  defaultWeight: number
  /** Code points from and to, both included, that weigh something else. */
  ranges: readonly { from: number; to: number; weight: number }[]
  /** Of a web address, in characters, however long it is. */
  addressLength: number
  /** Whether an emoji of several code points weighs as much as one. */
  joinsEmoji: boolean
}

/** @see https://github.com/twitter/twitter-text/blob/master/config/v3.json (2026-11-22) */
const currentWeights: Weights = {
  defaultWeight: 200,
  ranges: [
    { from: 0, to: 4351, weight: 100 },
    { from: 8192, to: 8205, weight: 100 },
    { from: 8208, to: 8223, weight: 100 },
    { from: 8242, to: 8247, weight: 100 },
  ],
  addressLength: 23,
  joinsEmoji: true,
}

/** A part of a text that is weighed as one. */
export interface Weighed {
  /** In UTF-16 units. */
  units: number
  /** In hundredths of a character. */
  weight: number
}

/** How many characters a text has for X. */
export const countWeighted = (text: string): number =>
  weigh(text, currentWeights).reduce((sum, { weight }) => sum + weight, 0) / 100

/** Whether a text holds what X takes in no post: U+FFFE, U+FEFF and U+FFFF. */
export const hasForbiddenCharacter = (text: string): boolean => /[\uFFFE\uFEFF\uFFFF]/.test(text)

/** The parts of a text in its composed form (NFC), each with its weight. */
export function weigh(text: string, weights: Weights = currentWeights): Weighed[] {
  const composed = text.normalize('NFC')
  const parts: Weighed[] = []
  let at = 0
  for (const { start, end } of findAddresses(composed)) {
    parts.push(...weighPlain(composed.slice(at, start), weights))
    parts.push({ units: end - start, weight: weights.addressLength * 100 })
    at = end
  }
  return [...parts, ...weighPlain(composed.slice(at), weights)]
}

function weighPlain(text: string, weights: Weights): Weighed[] {
  const parts: Weighed[] = []
  for (let at = 0; at < text.length; ) {
    const emoji = weights.joinsEmoji ? emojiAt(text, at) : 0
    const point = text.codePointAt(at) ?? 0
    const range = weights.ranges.find(({ from, to }) => from <= point && point <= to)
    const weight = emoji > 0 || !range ? weights.defaultWeight : range.weight
    const units = emoji || (point > 0xffff ? 2 : 1)
    parts.push({ units, weight })
    at += units
  }
  return parts
}

const modifier = '(?:\\p{Emoji_Modifier}|\\uFE0F|[\\u{E0020}-\\u{E007E}]+\\u{E007F})?'
const single = `(?:[\\p{Emoji}--[0-9#*©®]]|[©®]\\uFE0F)${modifier}`
/** What looks like an emoji (UTS 51, section 1.4.9): a flag, a key, or parts that joiners hold together. */
const sequence = new RegExp(
  `\\p{Regional_Indicator}{2}|[0-9#*]\\uFE0F?\\u20E3|${single}(?:\\u200D${single})*`,
  'vy',
)
const recommended = '^\\p{RGI_Emoji}$'
const known = new RegExp(recommended, 'v')
/** A part without its selector: the base of a key, or what is drawn as text by itself and has no skin tone. */
const drawnAsText = '[0-9#*](?=\\u20E3)|[\\p{Emoji}--\\p{Emoji_Presentation}--[0-9#*]](?!\\p{Emoji_Modifier})'
const unselected = new RegExp(drawnAsText, 'gv')

/**
 * How many UTF-16 units the emoji has that stands at a place; zero: there is none. Only what is a recommended emoji counts as one:
 * parts that nobody draws together are counted one by one.
 */
function emojiAt(text: string, at: number): number {
  sequence.lastIndex = at
  const looks = sequence.exec(text)?.[0]
  if (looks === undefined) return 0
  const parts = looks.split('\u200D')
  for (let count = parts.length; count > 0; count--) {
    const some = parts.slice(0, count).join('\u200D')
    if (known.test(qualified(some))) return some.length
  }
  return 0
}

/** With the selectors that are often left out. */
const qualified = (emoji: string): string => emoji.replaceAll('\uFE0F', '').replaceAll(unselected, '$&\uFE0F')
