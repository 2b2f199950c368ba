import type { Instance } from './server.js'

const PARTS = {
  read: 'accounts blocks bookmarks favourites filters follows lists mutes notifications search statuses',
  write:
    'accounts blocks bookmarks conversations favourites filters follows lists media mutes notifications reports statuses',
}

const SCOPES = [
  'read',
  ...PARTS.read.split(' ').map((part) => `read:${part}`),
  'write',
  ...PARTS.write.split(' ').map((part) => `write:${part}`),
  'follow',
  'push',
]

/** The scopes an instance knows. */
export const knownScopes = ({ facts }: Pick<Instance, 'facts'>): string[] =>
  facts.hasProfileScope ? ['profile', ...SCOPES] : SCOPES

/** Whether granted scopes hold one of those that would do; `read` holds `read:accounts`. */
export const holdsOneOf = (granted: readonly string[], wanted: readonly string[]): boolean =>
  wanted.some((scope) => granted.includes(scope) || granted.includes(scope.split(':')[0] ?? scope))

/** Whether everything asked for is among what is allowed. */
export const isWithin = (asked: readonly string[], allowed: readonly string[]): boolean =>
  asked.every((scope) => holdsOneOf(allowed, [scope]))

/** Scopes as they are written in parameters: with spaces, or pluses, between. */
export const readScopes = (text: string): string[] => text.split(/[\s+]+/).filter(Boolean)

/** What a scope lets a client do, for the consent page. */
export const WHY: Readonly<Record<string, string>> = {
  profile: 'Read only your account’s profile information',
  'read:accounts': 'See account information',
  'write:statuses': 'Publish posts',
  'write:media': 'Upload media files',
  read: 'Read all your account’s data',
  write: 'Modify all your account’s data',
}
