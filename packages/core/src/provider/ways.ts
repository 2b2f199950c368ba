import { PostMcpError } from '../model/errors.js'
import type { Manifest, Way } from './manifest.js'
import type { Provider } from './provider.js'

type FurtherWay = NonNullable<Manifest['connect']['furtherWays']>[number]

/** The ways through the browser among which one chooses, the first one first; empty where there is no choice. */
export function waysOf({ connect }: Manifest): Way[] {
  const { oauth2, furtherWays = [] } = connect
  if (furtherWays.length === 0) return []
  return [oauth2, ...furtherWays.map((further) => further.oauth2)].flatMap((each) => each?.way ?? [])
}

/** The ways beside the first one, by their ids. */
export const furtherWaysOf = ({ connect }: Manifest): Record<string, FurtherWay> =>
  Object.fromEntries((connect.furtherWays ?? []).map((further) => [further.oauth2.way.id, further]))

/**
 * A manifest as it is on one of its ways: with the declarations of that way in the place of those of the first one.
 * @param way null: the first one
 * @throws PostMcpError `config_invalid` when there is no such way (any more)
 */
export function manifestOnWay(manifest: Manifest, way: string | null): Manifest {
  if (way === null) return manifest
  const further = furtherWaysOf(manifest)[way]
  if (!further) {
    throw new PostMcpError('config_invalid', `${manifest.name} is not connected by ${way} any more.`, {
      platform: manifest.id,
      nextAction: 'Reconnect the account in another way.',
    })
  }
  const { oauth2, app, tokens, revokeAccess = manifest.links.revokeAccess } = further
  return {
    ...manifest,
    connect: { ...manifest.connect, oauth2 },
    app,
    tokens,
    links: { ...manifest.links, revokeAccess },
  }
}

/** A provider as it is on one of its ways, so that nobody who is handed it has to ask which way it is; see `manifestOnWay`. */
export function onWay(provider: Provider, way: string | null): Provider {
  if (way === null) return provider
  const manifest = manifestOnWay(provider.manifest, way)
  // Hooks that are taken away are undefined, which to everyone who looks for one is the same as absent.
  return { ...provider, ...(provider.ways?.[way] as Partial<Provider> | undefined), manifest }
}

/** The way a manifest is seen on; null: the first one, or the only one. */
export function wayIdOf(manifest: Manifest): string | null {
  const id = manifest.connect.oauth2?.way?.id
  return id !== undefined && Object.hasOwn(furtherWaysOf(manifest), id) ? id : null
}

/** Names the application of a way: by the platform's id, and behind it that of a further way. Unique, for ids of platforms hold no `_`. */
export const nameApplication = (platform: string, way: string | null): string =>
  way === null ? platform : `${platform}_${way}`

/** The same for the way a manifest is seen on. */
export const applicationId = (manifest: Manifest): string => nameApplication(manifest.id, wayIdOf(manifest))
