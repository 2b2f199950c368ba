import { randomInt } from 'node:crypto'

const alphabet = '234567abcdefghijklmnopqrstuvwxyz'

/** The form of a TID, the only kind of key a post may have. @see https://atproto.com/specs/tid (2026-11-22) */
export const tidForm = /^[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}$/

/**
 * A new record key: 13 characters that carry microseconds since 1970 and a random clock id of 10 bits. The clock gives
 * milliseconds, so the rest is random too: two keys of one millisecond are equal once in a million.
 *
 * @param random whole numbers from 0 up to, not including, its argument
 */
export function createTid(now: Date, random: (below: number) => number = randomInt): string {
  const micros = BigInt(now.getTime()) * 1000n + BigInt(random(1000))
  let value = (micros << 10n) | BigInt(random(1024))
  let text = ''
  for (let i = 0; i < 13; i++) {
    text = alphabet[Number(value & 31n)] + text
    value >>= 5n
  }
  return text
}
