import type { Person } from '../world.js'
import {
  accountTakedown,
  describeDid,
  emailOf,
  findAccount,
  isTakenDown,
  mainPasswordOf,
  requireAccount,
  statusOf,
} from './accounts.js'
import { type Caller, FULL, requireCaller, requireRefresher } from './caller.js'
import { authRequired, invalidRequest, XrpcError } from './errors.js'
import type { Pds } from './pds.js'
import { LIMITS } from './rate-limits.js'
import { SESSION_SCOPES } from './sessions.js'
import { everyone, requireText, type XrpcServer } from './xrpc.js'

/** Logging in with a password, and what becomes of such sessions: the methods of `com.atproto.server`. */
export function addSessionMethods(server: XrpcServer, pds: Pds): void {
  const { kit, sessions, appPasswords } = pds

  server.add({
    nsid: 'com.atproto.server.createSession',
    verb: 'POST',
    takes: 'json',
    authorize: everyone,
    charges({ input }) {
      // By what was typed, not by the account it means.
      const key = String(input.identifier)
      return [
        { limit: LIMITS.logins, key, points: 1 },
        { limit: LIMITS.loginsPerDay, key, points: 1 },
      ]
    },
    handle(call) {
      const person = findByIdentifier(pds, requireText(call, 'identifier'))
      const password = requireText(call, 'password')
      if (!person) throw wrongPassword()
      const { authFactorToken, allowTakendown } = call.input
      const { scope, appPassword } = checkPassword(pds, person, password)
      const isMain = appPassword === null
      if (isMain && person.condition === 'email_factor' && authFactorToken === undefined)
        throw authRequired('A sign in code has been sent to your email address', 'AuthFactorTokenRequired')
      if (isTakenDown(person) && allowTakendown !== true) throw accountTakedown()
      const granted = isTakenDown(person) ? SESSION_SCOPES.takenDown : scope
      return { ...sessions.open(person, granted, appPassword), ...describeOwnAccount(pds, person) }
    },
  })

  server.add({
    nsid: 'com.atproto.server.refreshSession',
    verb: 'POST',
    authorize: (c) => requireRefresher(pds, c),
    handle({ auth: { did, tokenId } }) {
      const person = findAccount(kit, did)
      if (!person) throw unknownUser(did)
      if (isTakenDown(person)) throw accountTakedown()
      const rotated = sessions.rotate(tokenId)
      if (!rotated) throw invalidRequest('Token has been revoked', 'ExpiredToken')
      return { ...rotated, ...describeOwnAccount(pds, person) }
    },
  })

  server.add({
    nsid: 'com.atproto.server.getSession',
    verb: 'GET',
    authorize: (c) => requireCaller(pds, c),
    handle({ auth: { did, permissions } }) {
      const person = findAccount(kit, did)
      // Of a moderated account it says the same.
      if (!person || isTakenDown(person)) throw unknownUser(did)
      const { email, emailConfirmed, ...rest } = describeOwnAccount(pds, person)
      return permissions && !permissions.allowsEmail() ? rest : { ...rest, email, emailConfirmed }
    },
  })

  server.add({
    nsid: 'com.atproto.server.deleteSession',
    verb: 'POST',
    authorize: (c) => requireRefresher(pds, c, { allowsExpired: true }),
    handle: ({ auth }) => sessions.end(auth.tokenId),
  })

  server.add({
    nsid: 'com.atproto.server.createAppPassword',
    verb: 'POST',
    takes: 'json',
    async authorize(c) {
      const caller = withoutOAuth(await requireCaller(pds, c, FULL))
      requireAccount(kit, caller.did, { takenDown: true })
      return caller
    },
    handle(call) {
      const isPrivileged = call.input.privileged === true
      const created = appPasswords.create(call.auth.did, requireText(call, 'name'), isPrivileged)
      if (!created) throw invalidRequest('could not create app-specific password')
      return { ...created, createdAt: created.createdAt.toISOString() }
    },
  })

  server.add({
    nsid: 'com.atproto.server.listAppPasswords',
    verb: 'GET',
    authorize: async (c) => withoutOAuth(await requireCaller(pds, c)),
    handle: ({ auth }) => ({
      passwords: appPasswords.list(auth.did).map(({ name, createdAt, privileged }) => ({
        name,
        createdAt: createdAt.toISOString(),
        privileged,
      })),
    }),
  })

  server.add({
    nsid: 'com.atproto.server.revokeAppPassword',
    verb: 'POST',
    takes: 'json',
    authorize: async (c) => withoutOAuth(await requireCaller(pds, c)),
    handle(call) {
      const name = requireText(call, 'name')
      appPasswords.remove(call.auth.did, name)
      sessions.endAll(call.auth.did, name)
    },
  })
}

const wrongPassword = () => authRequired('Invalid identifier or password')
const unknownUser = (did: string) => invalidRequest(`Could not find user info for account: ${did}`)

function withoutOAuth(caller: Caller): Caller {
  if (caller.permissions === null) return caller
  throw new XrpcError(403, 'Forbidden', 'OAuth credentials are not supported for this endpoint')
}

/** Only what has an at sign in it is looked for among the e-mail addresses. */
function findByIdentifier({ kit }: Pds, identifier: string): Person | undefined {
  if (!identifier.includes('@')) return findAccount(kit, identifier)
  const found = kit.world.people().find((person) => emailOf(person) === identifier.toLowerCase())
  return found && findAccount(kit, found.id)
}

/** @throws XrpcError 401; of a taken-down account every app password is called wrong */
function checkPassword(
  { appPasswords }: Pds,
  person: Person,
  password: string,
): { scope: string; appPassword: string | null } {
  if (password === mainPasswordOf(person)) return { scope: SESSION_SCOPES.main, appPassword: null }
  const found = isTakenDown(person) ? undefined : appPasswords.find(person.id, password)
  if (!found) throw wrongPassword()
  const scope = found.privileged ? SESSION_SCOPES.privileged : SESSION_SCOPES.appPassword
  return { scope, appPassword: found.name }
}

/** What a session says about its account. */
const describeOwnAccount = ({ kit }: Pds, person: Person) => ({
  did: person.id,
  didDoc: describeDid(kit, person),
  handle: person.handle,
  email: emailOf(person),
  emailConfirmed: person.condition !== 'unconfirmed_email',
  emailAuthFactor: person.condition === 'email_factor',
  ...statusOf(person),
})
