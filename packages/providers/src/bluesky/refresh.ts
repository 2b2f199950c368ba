import {
  type GrantAccess,
  type JsonObject,
  PlatformError,
  type ProviderContext,
  type TokenSet,
  TransportError,
} from '@postmcp/core'
import { resolveDid } from './identity.js'
import { refresh as refreshByOAuth } from './oauth/keep.js'
import {
  assertOwn,
  createSession,
  refreshSession,
  type Session,
  serviceOf,
  throwIfUnusable,
  toTokens,
} from './session.js'

/**
 * A new pair of tokens. With an app password: when the refresh token is used up the sealed app password opens exactly one new session; when the
 * server no longer has the account, or has it only as a deactivated shell, its new server is looked up and asked.
 */
export async function refresh(
  ctx: ProviderContext,
  access: GrantAccess,
  secrets: Record<string, string>,
): Promise<TokenSet & { settings?: JsonObject }> {
  if (access.authMethod === 'oauth2') return refreshByOAuth(ctx, access)
  const service = serviceOf(access)
  const { appPassword } = secrets
  const outcome = await renew(ctx, service, access, appPassword).then(
    (session) => ({ session, mayHaveMoved: session.status === 'deactivated' }),
    (error: unknown) => ({ error, mayHaveMoved: isAbsence(error) }),
  )
  const newService = outcome.mayHaveMoved ? await findNewService(ctx, access.subject, service) : null
  if (newService !== null && appPassword !== undefined) {
    const session = await logInOnce(ctx, newService, access.subject, appPassword)
    return { ...toTokens(session), settings: { pds: newService } }
  }
  if ('error' in outcome) throw outcome.error
  return toTokens(outcome.session)
}

async function renew(
  ctx: ProviderContext,
  service: string,
  access: GrantAccess,
  appPassword: string | undefined,
): Promise<Session> {
  try {
    const session = await refreshSession(ctx, service, access.tokens.refreshToken ?? '')
    assertOwn(session, access.subject, service)
    return session
  } catch (error) {
    const isUsedUp =
      error instanceof PlatformError &&
      (error.platformCode === 'ExpiredToken' || error.platformCode === 'InvalidToken')
    if (!isUsedUp || appPassword === undefined) throw error
    return logInOnce(ctx, service, access.subject, appPassword)
  }
}

async function logInOnce(
  ctx: ProviderContext,
  service: string,
  did: string,
  appPassword: string,
): Promise<Session> {
  try {
    const session = await createSession(ctx, service, did, appPassword)
    assertOwn(session, did, service)
    return session
  } catch (error) {
    if (error instanceof PlatformError && error.platformCode === 'AuthenticationRequired') {
      await throwIfUnusable(ctx, service, did)
    }
    throw error
  }
}

/** Whether an error may mean that the account is no longer at this server. */
const isAbsence = (error: unknown): boolean =>
  error instanceof TransportError
    ? error.reason === 'unreachable'
    : error instanceof PlatformError &&
      /^(AccountNotFound|RepoNotFound|InvalidRequest)$/.test(error.platformCode ?? '')

/** Where the account lives now, if not at `service`; null also when that cannot be found out. */
async function findNewService(ctx: ProviderContext, did: string, service: string): Promise<string | null> {
  const pds = await resolveDid(ctx, did).then(
    (identity) => identity.pds,
    () => null,
  )
  return pds === service ? null : pds
}
