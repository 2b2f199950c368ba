import type { PlatformKit } from '../platform.js'
import { isTakenDown } from './accounts.js'
import { AppPasswords } from './app-passwords.js'
import { DpopProofs } from './oauth/dpop.js'
import { RateLimits } from './rate-limits.js'
import { Repositories } from './repositories.js'
import { type AccessTokenSlot, Sessions } from './sessions.js'

/** One server with all that it keeps; directory, entryway and public API of the network are the same server here. */
export interface Pds {
  kit: PlatformKit
  appPasswords: AppPasswords
  sessions: Sessions
  repositories: Repositories
  limits: RateLimits
  dpop: DpopProofs
}

export function createPds(kit: PlatformKit, slot: AccessTokenSlot): Pds {
  const now = () => kit.now()
  const pds = {
    kit,
    appPasswords: new AppPasswords(kit.random.fork('app-passwords'), now),
    sessions: new Sessions(kit, slot),
    repositories: new Repositories(kit),
    limits: new RateLimits(now),
    dpop: new DpopProofs(kit),
  }
  // What a takedown ends does not come back when it is reversed.
  kit.world.onCondition((person) => {
    if (!isTakenDown(person) && person.condition !== 'deleted') return
    pds.sessions.endAll(person.id)
    endOAuthSessions(pds, person.id)
  })
  return pds
}

/** Ends what a person allowed by OAuth. Access tokens of app passwords live on until they expire, as at the real server. */
function endOAuthSessions({ kit: { tokens } }: Pick<Pds, 'kit'>, personId: string): void {
  for (const grant of tokens.grants({ personId })) if (grant.facts.isOAuth) tokens.revokeGrant(grant.id)
}

/** The owner deletes all app passwords and disconnects all clients. */
export function takeAwayAccess(pds: Pds, personId: string): void {
  for (const { name } of pds.appPasswords.list(personId)) pds.sessions.endAll(personId, name)
  pds.appPasswords.removeAll(personId)
  endOAuthSessions(pds, personId)
}
