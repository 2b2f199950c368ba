import type { CoreContext } from '../core-context.js'
import type { Account } from '../model/account.js'
import type { Grant } from '../model/grant.js'
import type { Manifest } from '../provider/manifest.js'

/**
 * Takes a place for one post in the queues that a platform's limits make: that of its account, and that of the application.
 * @returns when its turn comes; null where nothing limits the pace
 */
export async function paceOf(
  core: CoreContext,
  { id, publish }: Manifest,
  account: Pick<Account, 'id' | 'workspaceId'>,
  grant: Pick<Grant, 'client'> | undefined,
): Promise<Date | null> {
  const { pace } = publish
  if (!pace) return null
  const now = core.clock.now()
  const places: Date[] = []
  if (pace.account) places.push(await core.store.paces.take(account.id, pace.account, now))
  if (pace.client) places.push(await core.store.paces.take(clientKey(id, account, grant), pace.client, now))
  return new Date(Math.max(now.getTime(), ...places.map((place) => place.getTime())))
}

/** The operator's application is one for all workspaces. */
function clientKey(
  platform: string,
  { workspaceId }: Pick<Account, 'workspaceId'>,
  grant: Pick<Grant, 'client'> | undefined,
): string {
  const client = grant?.client
  const owner = client && client.source !== 'operator' ? workspaceId : 'operator'
  return `${platform} ${owner} ${client?.clientId ?? ''}`
}
