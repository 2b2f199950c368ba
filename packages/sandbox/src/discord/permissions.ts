/** Bits of permissions by name. @see https://docs.discord.com/developers/topics/permissions */
export const PERMISSIONS = {
  ADMINISTRATOR: 1n << 3n,
  VIEW_CHANNEL: 1n << 10n,
  SEND_MESSAGES: 1n << 11n,
  EMBED_LINKS: 1n << 14n,
  ATTACH_FILES: 1n << 15n,
  READ_MESSAGE_HISTORY: 1n << 16n,
} as const

export type PermissionName = keyof typeof PERMISSIONS

/** Several permissions as one number. */
export const bitsOf = (names: readonly PermissionName[]): bigint =>
  names.reduce((bits, name) => bits | PERMISSIONS[name], 0n)

/** What everybody may do in a server: look. */
export const EVERYONE = bitsOf(['VIEW_CHANNEL', 'READ_MESSAGE_HISTORY'])

/** What the bot may do in a channel: the rules of these servers name nobody but everyone. */
export function botPermissionsIn(
  guild: { id: string; botPermissions: bigint; isTimedOut: boolean },
  overwrites: readonly { id: string; allow: string; deny: string }[],
): bigint {
  const base = EVERYONE | guild.botPermissions
  if (base & PERMISSIONS.ADMINISTRATOR) return ~0n
  const rule = overwrites.find(({ id }) => id === guild.id)
  const permissions = rule ? (base & ~BigInt(rule.deny)) | BigInt(rule.allow) : base
  return guild.isTimedOut ? permissions & EVERYONE : permissions
}
