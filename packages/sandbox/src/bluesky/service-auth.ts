import { type Caller, requireCaller } from './caller.js'
import { invalidRequest } from './errors.js'
import type { Pds } from './pds.js'
import { isNsid } from './permissions.js'
import { signServiceToken } from './service-tokens.js'
import type { XrpcCall, XrpcServer } from './xrpc.js'

const METHOD = 'com.atproto.server.getServiceAuth'
const SERVICE = /^did:(plc:[a-z2-7]{24}|web:[\w.%-]+)(#[\w-]+)?$/
const MINUTE = 60
const HOUR = 3600

/** Methods that only the account itself may call. @see https://github.com/bluesky-social/atproto packages/pds/src/pipethrough.ts (2026-08-20) */
const PROTECTED = new Set([
  'com.atproto.admin.sendEmail',
  'com.atproto.identity.requestPlcOperationSignature',
  'com.atproto.identity.signPlcOperation',
  'com.atproto.identity.updateHandle',
  ...[
    'activateAccount',
    'confirmEmail',
    'createAppPassword',
    'deactivateAccount',
    'getAccountInviteCodes',
    'getSession',
    'listAppPasswords',
    'requestAccountDelete',
    'requestEmailConfirmation',
    'requestEmailUpdate',
    'revokeAppPassword',
    'updateEmail',
  ].map((name) => `com.atproto.server.${name}`),
])

const isPrivileged = (method: string) =>
  method.startsWith('chat.bsky.') || method === 'com.atproto.server.createAccount'

/** Gives tokens with which an account acts at another service, or another service acts for the account here. */
export function addServiceAuth(server: XrpcServer, pds: Pds): void {
  const { kit } = pds
  server.add({
    nsid: METHOD,
    verb: 'GET',
    authorize: (c) => requireCaller(pds, c),
    handle(call) {
      const { aud, lxm, exp } = readQuestion(call)
      call.auth.permissions?.assertRpc(lxm ?? '*', aud)
      if (!SERVICE.test(aud))
        throw invalidRequest('aud must be a valid atproto DID or did#serviceId reference')
      if (lxm !== undefined && isPrivileged(lxm) && call.auth.permissions === null && !call.auth.isPrivileged)
        throw invalidRequest(
          `insufficient access to request a service auth token for the following method: ${lxm}`,
        )
      const iat = Math.floor(kit.now().getTime() / 1000)
      if (exp !== undefined) checkExpiration(exp - kit.now().getTime() / 1000, lxm)
      if (lxm !== undefined && PROTECTED.has(lxm))
        throw invalidRequest(`cannot request a service auth token for the following protected method: ${lxm}`)
      const claims = {
        iat,
        iss: call.auth.did,
        aud,
        exp: exp ?? iat + MINUTE,
        ...(lxm !== undefined && { lxm }),
      }
      return { token: signServiceToken(kit, { ...claims, jti: kit.random.hex(32) }) }
    },
  })
}

function readQuestion({ query }: XrpcCall<Caller>): { aud: string; lxm?: string; exp?: number } {
  const refuse = (problem: string) => invalidRequest(`Invalid ${METHOD} params: ${problem}`)
  const [aud, lxm, exp] = ['aud', 'lxm', 'exp'].map((name) => query.get(name))
  if (typeof aud !== 'string') throw refuse('Missing required key "aud"')
  if (typeof lxm === 'string' && !isNsid(lxm)) throw refuse(`Invalid NSID (got "${lxm}")`)
  if (typeof exp === 'string' && !/^-?\d+$/.test(exp))
    throw refuse(`Expected integer value type (got "${exp}")`)
  return {
    aud,
    ...(typeof lxm === 'string' && { lxm }),
    ...(typeof exp === 'string' && { exp: Number(exp) }),
  }
}

function checkExpiration(seconds: number, method: string | undefined): void {
  const refuse = (message: string) => invalidRequest(message, 'BadExpiration')
  if (seconds < 0) throw refuse('expiration is in past')
  const tooLong = (what: string, most: string) =>
    refuse(`cannot request a ${what} with an expiration more than ${most} in the future`)
  if (seconds > HOUR) throw tooLong('token', 'an hour')
  if (method === undefined && seconds > MINUTE) throw tooLong('method-less token', 'a minute')
}
