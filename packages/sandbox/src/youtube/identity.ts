import type { PlatformKit } from '../platform.js'
import type { Resource } from '../world.js'

/**
 * Who a token acts as: the person, or the brand account of the channel that was chosen. Brand accounts have identities of
 * their own, as their addresses `…@pages.plusgoogle.com` show; that revocation keeps them apart as well is a guess.
 */
export function identityOf({ world }: PlatformKit, personId: string, resourceIds: readonly string[]): string {
  const brand = world.resource(resourceIds[0] ?? '')?.facts.brandId
  return typeof brand === 'string' ? brand : personId
}

/** The id of a channel, as YouTube makes them. */
export const channelId = (text: string): string => `UC${text}`

/** The list of a channel's uploads has its id, with another beginning. */
export const uploadsPlaylistOf = ({ id }: Resource): string => id.replace(/^UC/, 'UU')
