import {
  type GrantAccess,
  MalformedResponseError,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  type TokenSet,
} from '@postmcp/core'
import { z } from 'zod'
import { createCredentialUrl } from './manifest.js'
import type { BoundToken } from './proof.js'
import { nothing, xrpc } from './xrpc.js'

/** An open session, as a server describes it. */
export interface Session {
  did: string
  handle: string
  accessJwt: string
  refreshJwt: string
  /** False when the account is switched off or moderated; `status` says which. */
  active: boolean
  status: string | null
}

/** What a server says about the account of a session. */
export type SessionAccount = Pick<Session, 'did' | 'handle' | 'active' | 'status'>

const accountAnswer = z
  .object({
    did: z.string(),
    handle: z.string(),
    active: z.boolean().optional(),
    status: z.string().nullish(),
  })
  .transform(({ active, status, ...rest }) => ({ ...rest, active: active ?? true, status: status ?? null }))
const tokensAnswer = z.object({ accessJwt: z.string().min(1), refreshJwt: z.string().min(1) })
const sessionAnswer = z.intersection(accountAnswer, tokensAnswer)

// https://github.com/bluesky-social/atproto packages/pds/src/account-manager/helpers/password.ts (2026-08-20)
const appPasswordForm = /^[a-z0-9]{4}(-[a-z0-9]{4}){3}$/

// The scopes of app passwords; packages/pds/src/auth-scope.ts there. The second one adds direct messages.
const appPasswordScopes = new Map([
  ['com.atproto.appPass', ['com.atproto.appPass']],
  ['com.atproto.appPassPrivileged', ['com.atproto.appPass', 'com.atproto.appPassPrivileged']],
])

/**
 * The app password a user typed. Anything else is probably the main password, which must not even be sent.
 * @throws PostMcpError `credentials_unsuitable`
 */
export function parseAppPassword(typed: string): string {
  const text = typed.trim().toLowerCase()
  if (appPasswordForm.test(text)) return text
  throw needsAppPassword(
    'This is not an app password: those look like xxxx-xxxx-xxxx-xxxx. Nothing was sent.',
  )
}

/** The refusal of everything that is not an app password, with the way to get one. */
export const needsAppPassword = (message: string): PostMcpError =>
  new PostMcpError('credentials_unsuitable', message, {
    platform: 'bluesky',
    nextAction: `Create an app password at ${createCredentialUrl} (Settings, Privacy and security, App passwords) and connect with it.`,
    helpUrl: createCredentialUrl,
  })

/** Opens a session. To be used sparingly: servers count logins, 30 in 5 minutes. */
export const createSession = (
  ctx: ProviderContext,
  service: string,
  identifier: string,
  password: string,
): Promise<Session> =>
  xrpc(ctx, {
    service,
    method: 'com.atproto.server.createSession',
    json: { identifier, password },
    answer: sessionAnswer,
  })

/** Trades the refresh token for a new pair; repeated within two hours it gives the same successor again. */
export const refreshSession = (ctx: ProviderContext, service: string, refreshJwt: string): Promise<Session> =>
  xrpc(ctx, {
    service,
    method: 'com.atproto.server.refreshSession',
    token: refreshJwt,
    answer: sessionAnswer,
  })

/** The account a session belongs to. */
export const getSession = (
  ctx: ProviderContext,
  service: string,
  token: string | BoundToken,
): Promise<SessionAccount> =>
  xrpc(ctx, {
    service,
    method: 'com.atproto.server.getSession',
    query: {},
    token,
    answer: accountAnswer,
  })

/** Ends a session; one that is over already counts as ended. The app password stays valid. */
export async function deleteSession(
  ctx: ProviderContext,
  service: string,
  refreshJwt: string,
): Promise<void> {
  try {
    await xrpc(ctx, {
      service,
      method: 'com.atproto.server.deleteSession',
      token: refreshJwt,
      answer: nothing,
    })
  } catch (error) {
    const isOver =
      error instanceof PlatformError && /^(ExpiredToken|InvalidToken)$/.test(error.platformCode ?? '')
    if (!isOver) throw error
  }
}

/**
 * What is publicly known of an account's state at its server: `active`, `takendown`, `suspended`, `deactivated`, …
 * @throws PlatformError `RepoNotFound` when the server does not have the account
 */
export async function getAccountState(ctx: ProviderContext, service: string, did: string): Promise<string> {
  const { active, status } = await xrpc(ctx, {
    service,
    method: 'com.atproto.sync.getRepoStatus',
    query: { did },
    answer: z.object({ active: z.boolean(), status: z.string().optional() }),
  })
  return active ? 'active' : (status ?? 'inactive')
}

/**
 * Asks why a server refused what should be good. Of a taken-down account it calls the app password wrong and the user
 * unknown; the account's public state tells that apart from a revoked password and a deleted account.
 * @throws PlatformError with a code that says so; returns when nothing else is wrong or nobody knows
 */
export async function throwIfUnusable(ctx: ProviderContext, service: string, did: string): Promise<void> {
  const state = await getAccountState(ctx, service, did).catch((error: unknown) => {
    if (error instanceof PlatformError && error.platformCode === 'RepoNotFound') throw error
    return 'active'
  })
  const platformCode = new Map([
    ['takendown', 'AccountTakedown'],
    ['suspended', 'AccountSuspended'],
  ]).get(state)
  if (platformCode === undefined) return
  throw new PlatformError({ status: 401, platformCode, message: `The account is ${state}.` })
}

/** The tokens of a session with what their own claims say. Nothing is verified: they are the server's, for the server. */
export function toTokens(session: Session): TokenSet {
  const access = claimsOf(session.accessJwt)
  const accessTokenExpiresAt = toDate(access?.exp)
  const refreshTokenExpiresAt = toDate(claimsOf(session.refreshJwt)?.exp)
  return {
    accessToken: session.accessJwt,
    refreshToken: session.refreshJwt,
    ...(accessTokenExpiresAt && { accessTokenExpiresAt }),
    ...(refreshTokenExpiresAt && { refreshTokenExpiresAt }),
    grantedScopes: scopesOf(session),
  }
}

/**
 * The scopes of a session that was opened with an app password.
 * @throws PostMcpError `credentials_unsuitable` when it has any other rights, above all those of the main password
 */
export function scopesOf(session: Session): string[] {
  const scope = claimsOf(session.accessJwt)?.scope
  const scopes = appPasswordScopes.get(scope ?? '')
  if (scopes) return scopes
  throw needsAppPassword(
    scope === 'com.atproto.access'
      ? 'This is the main password of the account; the session it opened has been ended.'
      : 'The session opened with this password has not the rights of an app password; it has been ended.',
  )
}

const claims = z.object({ scope: z.string().optional(), exp: z.number().optional() })

function claimsOf(jwt: string): z.infer<typeof claims> | undefined {
  try {
    const payload = Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8')
    return claims.parse(JSON.parse(payload))
  } catch {
    return undefined
  }
}

const toDate = (epochSeconds: number | undefined) =>
  epochSeconds === undefined ? undefined : new Date(epochSeconds * 1000)

/** The origin of the account's server, as `authenticate` or a later refresh found it. */
export function serviceOf(access: Pick<GrantAccess, 'settings'>): string {
  const { pds } = access.settings
  if (typeof pds === 'string' && URL.canParse(pds)) return pds
  throw new PostMcpError('internal_error', 'The grant does not say on which server the account lives.')
}

/** @throws MalformedResponseError when a server answers with somebody else's session. */
export function assertOwn(session: SessionAccount, did: string, service: string): void {
  if (session.did !== did) {
    throw new MalformedResponseError(`${new URL(service).host} answered with the session of another account.`)
  }
}
