const ALPHABET = '234567abcdefghijklmnopqrstuvwxyz'
const FORM = /^[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}$/

/** Whether a text has the form of a timestamp identifier. @see https://atproto.com/specs/tid */
export const isTid = (text: string): boolean => FORM.test(text)

/** Gives timestamp identifiers, each later than all before. */
export function createTids(now: () => Date): () => string {
  let last = 0
  return () => {
    last = Math.max(last + 1, now().getTime() * 1000)
    let rest = BigInt(last) << 10n
    let tid = ''
    for (let digit = 0; digit < 13; digit++) {
      tid = `${ALPHABET[Number(rest & 31n)]}${tid}`
      rest >>= 5n
    }
    return tid
  }
}
