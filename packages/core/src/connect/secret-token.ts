import { createHash, randomBytes, randomInt } from 'node:crypto'

/** 256 random bits, for an address or a cookie. */
export const newSecretToken = (): string => randomBytes(32).toString('base64url')

/** What is stored of such a token: enough to recognise it, useless to whoever reads it. */
export const digest = (token: string): Buffer => createHash('sha256').update(token, 'utf8').digest()

const letters = '23456789ABCDEFGHJKMNPQRSTVWXYZ' // nothing that can be misread

/** A short code for people to compare, such as `K7QX-2M9P`; not a secret. */
export function newUserCode(): string {
  const draw = () => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('')
  return `${draw()}-${draw()}`
}
