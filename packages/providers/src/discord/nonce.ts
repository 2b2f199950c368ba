import { createHash, randomBytes } from 'node:crypto'

/** A nonce has at most 25 characters; these are 24. @see https://docs.discord.com/developers/resources/message (2026-11-22) */
export const createNonce = (): string => randomBytes(18).toString('base64url')

/** The nonce of a reply, the same on every try. */
export const nonceOfReply = (dedupeKey: string, index: number): string =>
  createHash('sha256').update(`${dedupeKey} ${index}`).digest().subarray(0, 18).toString('base64url')
