import { type GrantAccess, type Issue, PostMcpError } from '@postmcp/core'

// Copied names often bring invisible direction marks along.
const invisible = /[\s\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g

/**
 * The origin of an instance a user named: `mastodon.social`, `https://mastodon.social/@name`, `@name@mastodon.social`. A scheme
 * and a port are kept, for instances on one's own machine; whether such an address may be called is decided by the HTTP client.
 * @throws PostMcpError `invalid_request` when no host can be read out of it
 */
export function parseInstance(typed: string): string {
  const text = typed.replaceAll(invisible, '')
  const hasScheme = /^https?:\/\//i.test(text)
  const address = hasScheme
    ? text
    : `https://${text.replace(/^acct:/i, '').replace(/^@?[^@/]*@(?=[^@]+$)/, '')}`
  if (!URL.canParse(address)) throw refuse()
  const url = new URL(address)
  // A name without a dot is no instance's, and may be a password in the wrong field: it must not reach DNS or a log.
  const isHost = /[.:]|^localhost$/.test(url.hostname)
  if (!isHost || url.username !== '' || url.password !== '') throw refuse()
  url.hostname = url.hostname.replace(/\.$/, '')
  return url.origin
}

/** The host of an instance, as people write it. */
export const hostOf = (instance: string): string => new URL(instance).host

/** The refusal of what was given as the instance. */
export function refuseInstance(message: string, nextAction?: string): PostMcpError {
  const issue: Issue = { code: 'malformed', severity: 'error', message, field: 'instance' }
  return new PostMcpError('invalid_request', message, { platform: 'mastodon', issues: [issue], nextAction })
}

// What was typed is not repeated: in this field too it may be a password.
const refuse = () =>
  refuseInstance(
    'The instance is not a host such as mastodon.social, nor a whole name such as @name@mastodon.social.',
  )

/** The origin of a grant's instance. */
export function instanceOf({ settings }: Pick<GrantAccess, 'settings'>): string {
  const { instance } = settings
  if (typeof instance === 'string' && URL.canParse(instance)) return instance
  throw new PostMcpError('internal_error', 'The grant does not say on which instance the account lives.')
}
