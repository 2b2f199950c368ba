import type { CoreContext } from '../core-context.js'
import type { Connection } from '../model/connection.js'
import type { Way } from '../provider/manifest.js'
import { applicationId, wayIdOf, waysOf } from '../provider/ways.js'
import { configuredClients } from './configured-clients.js'
import { suitsBrowser } from './connection-fields.js'

/**
 * Ways a connection could go in place of its own: those with an application to go with, that need nothing which was not given.
 * A reconnect keeps to its way, for a platform may call the same account by another id on another one.
 */
export async function waysInstead(core: CoreContext, connection: Connection): Promise<Way[]> {
  const { platform, workspaceId, actor, oauth, reconnectAccountId, way } = connection
  const { manifest } = core.providers.get(platform)
  const ways = waysOf(manifest)
  if (ways.length === 0 || !oauth || reconnectAccountId !== null) return []
  const configured = await configuredClients(core, { workspaceId, actor })
  return core.providers
    .listWays()
    .filter((other) => other.manifest.id === platform && wayIdOf(other.manifest) !== way)
    .filter(
      (other) =>
        other.manifest.connect.oauth2?.client !== 'configured' ||
        configured.has(applicationId(other.manifest)),
    )
    .filter((other) => suitsBrowser(other.manifest, oauth.fields))
    .flatMap((other) => other.manifest.connect.oauth2?.way ?? [])
}
