import type { Person } from '../world.js'
import { findAccount, findActiveAccount, HANDLE_DOMAIN, isTakenDown } from './accounts.js'
import { invalidRequest } from './errors.js'
import type { Pds } from './pds.js'
import { POSTS } from './post-record.js'
import { serviceDid } from './sessions.js'
import { everyone, MAX_BLOB_BYTES, requireParameter, type XrpcServer } from './xrpc.js'

const HANDLE = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/

/** What anyone may ask: of the server, and of the public API of the application, which is another server in the real network. */
export function addPublicMethods(server: XrpcServer, pds: Pds): void {
  const { kit } = pds
  const asked = { verb: 'GET', authorize: everyone } as const

  server.add({
    ...asked,
    nsid: 'com.atproto.server.describeServer',
    handle: () => ({
      did: serviceDid(kit),
      availableUserDomains: [HANDLE_DOMAIN],
      inviteCodeRequired: false,
      blobUploadLimit: MAX_BLOB_BYTES,
      links: {},
      contact: {},
    }),
  })

  server.add({
    ...asked,
    nsid: 'com.atproto.identity.resolveHandle',
    handle(call) {
      const typed = requireParameter(call, 'handle')
      const handle = typed.toLowerCase()
      if (!HANDLE.test(handle) || handle.length > 253)
        throw invalidRequest(`Invalid ${call.c.req.path.slice(6)} params: Invalid handle (got "${typed}")`)
      const person = findActiveAccount(kit, handle)
      if (person) return { did: person.id }
      // Others it would look up in the DNS.
      throw handle.endsWith(HANDLE_DOMAIN)
        ? invalidRequest('Unable to resolve handle', 'HandleNotFound')
        : invalidRequest('Unable to resolve handle')
    },
  })

  server.add({
    ...asked,
    nsid: 'app.bsky.actor.getProfile',
    handle(call) {
      const person = findAccount(kit, requireParameter(call, 'actor'))
      if (!person) throw invalidRequest('Profile not found')
      if (isTakenDown(person)) throw invalidRequest('Account has been suspended', 'AccountTakedown')
      if (person.condition === 'deactivated')
        throw invalidRequest('Account is deactivated', 'AccountDeactivated')
      return describeProfile(pds, person)
    },
  })
}

/** @see https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/actor/defs.json */
const describeProfile = ({ kit, repositories }: Pds, person: Person) => ({
  did: person.id,
  handle: person.handle,
  displayName: person.name,
  avatar: kit.avatarUrl(person),
  followersCount: 0,
  followsCount: 0,
  postsCount: repositories.list(person.id, POSTS).length,
  labels: [],
})
