import { randomBytes } from 'node:crypto'

/** The prefixes of our ids, one per kind of thing. */
export const idPrefixes = {
  workspace: 'ws',
  apiKey: 'key',
  grant: 'grant',
  account: 'acct',
  credential: 'cred',
  connection: 'conn',
  media: 'media',
  postGroup: 'pg',
  post: 'post',
  attempt: 'att',
  dataKey: 'dk',
  oauthClient: 'client',
  event: 'evt',
} as const

type Prefixes = typeof idPrefixes
/** Kind of thing an id names. */
export type IdKind = keyof Prefixes
/** An id of one kind, such as `acct_01k…`. */
export type Id<K extends IdKind> = `${Prefixes[K]}_${string}`

export type WorkspaceId = Id<'workspace'>
export type ApiKeyId = Id<'apiKey'>
export type GrantId = Id<'grant'>
export type AccountId = Id<'account'>
export type ConnectionId = Id<'connection'>
export type MediaId = Id<'media'>
export type PostGroupId = Id<'postGroup'>
export type PostId = Id<'post'>
export type AttemptId = Id<'attempt'>
export type OAuthClientId = Id<'oauthClient'>

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz' // Crockford base 32: no i, l, o, u

/**
 * A new id: prefix, `_`, then 26 characters: 48 bits of milliseconds since 1970 and 80 random bits.
 * Compared byte by byte, ids sort by the time they were made, so that lists page by id alone.
 */
export function newId<K extends IdKind>(kind: K, now: Date = new Date()): Id<K> {
  let value = (BigInt(now.getTime()) << 80n) | BigInt(`0x${randomBytes(10).toString('hex')}`)
  let text = ''
  for (let i = 0; i < 26; i++) {
    text = alphabet[Number(value & 31n)] + text
    value >>= 5n
  }
  return `${idPrefixes[kind]}_${text}`
}

/** Whether a text has the form of an id of the kind; says nothing about whether it exists. */
export const isId = <K extends IdKind>(kind: K, text: string): text is Id<K> =>
  text.startsWith(`${idPrefixes[kind]}_`) &&
  /^[0-9a-hjkmnp-tv-z]{26}$/.test(text.slice(idPrefixes[kind].length + 1))
