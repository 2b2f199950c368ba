/** What it takes to publish in a channel, by the names Discord gives them. */
const neededPermissions = {
  VIEW_CHANNEL: 1n << 10n,
  SEND_MESSAGES: 1n << 11n,
  EMBED_LINKS: 1n << 14n,
  ATTACH_FILES: 1n << 15n,
} as const

const ADMINISTRATOR = 1n << 3n
const READ_MESSAGE_HISTORY = 1n << 16n
const everything = ~0n

/** A rule of one channel for a role (`type` 0) or a member (`type` 1). */
export interface Overwrite {
  id: string
  type: number
  allow: string
  deny: string
}

/** The bot in a server, as far as its permissions depend on it. */
export interface BotMember {
  userId: string
  roleIds: readonly string[]
  isTimedOut: boolean
}

/**
 * What a member may do in a channel: what its roles allow, changed by the channel's rules for everyone, then for its roles taken
 * together, then for itself. An administrator may do everything; whoever is timed out may only look.
 * @see https://docs.discord.com/developers/topics/permissions (2026-11-22)
 */
export function permissionsIn(
  guild: { id: string; roles: readonly { id: string; permissions: string }[] },
  { userId, roleIds, isTimedOut }: BotMember,
  overwrites: readonly Overwrite[],
): bigint {
  // The role of everyone has the id of the server.
  const ownRoles = guild.roles.filter(({ id }) => id === guild.id || roleIds.includes(id))
  const base = union(ownRoles.map(({ permissions }) => permissions))
  if (base & ADMINISTRATOR) return everything
  const rules = [
    overwrites.filter(({ id }) => id === guild.id),
    overwrites.filter(({ id, type }) => type === 0 && id !== guild.id && roleIds.includes(id)),
    overwrites.filter(({ id, type }) => type === 1 && id === userId),
  ]
  const permissions = rules.reduce(
    (soFar, some) => (soFar & ~union(some.map(({ deny }) => deny))) | union(some.map(({ allow }) => allow)),
    base,
  )
  return isTimedOut ? permissions & (neededPermissions.VIEW_CHANNEL | READ_MESSAGE_HISTORY) : permissions
}

const union = (all: readonly string[]): bigint => all.reduce((soFar, one) => soFar | BigInt(one), 0n)

/** Names of the permissions that publishing needs and that are not there. */
export const missingPermissions = (permissions: bigint): string[] =>
  Object.entries(neededPermissions)
    .filter(([, bit]) => (permissions & bit) === 0n)
    .map(([name]) => name)
