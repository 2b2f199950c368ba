import type { Context } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { Resource } from '../world.js'
import { ApiError } from './errors.js'

const DOC = 'https://developers.google.com/identity/sign-in/web/devconsole-project'

/** The access token of a request; undefined when there is none. */
export const readBearer = (c: Context): string | undefined =>
  /^bearer\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? c.req.query('access_token')

/** Whom a request acts for. */
export interface Caller {
  personId: string
  condition: string
  /** The operator's project. */
  clientId: string
  channel: Resource
}

/**
 * The channel a request acts for, or null where the account has none.
 * @throws ApiError for a dead token, one without the scope, an account in no good condition, and a project that may not ask
 */
export const requireChannel = (kit: PlatformKit, c: Context, accepted: readonly string[]): Resource | null =>
  readCaller(kit, c, accepted).channel

/** The same for what cannot be done without a channel. */
export function requireCaller(kit: PlatformKit, c: Context, accepted: readonly string[]): Caller {
  const { channel, ...caller } = readCaller(kit, c, accepted)
  if (!channel) throw new ApiError(401, 'youtubeSignupRequired', 'Unauthorized')
  return { ...caller, channel }
}

function readCaller(
  kit: PlatformKit,
  c: Context,
  accepted: readonly string[],
): Omit<Caller, 'channel'> & { channel: Resource | null } {
  const found = kit.tokens.inspect(readBearer(c) ?? '')
  if (found.state !== 'valid' || found.personId === null)
    throw new ApiError(401, 'authError', `Invalid Credentials. See ${DOC}.`, { domain: 'global' })
  if (!accepted.some((scope) => found.scopes.includes(scope)))
    throw new ApiError(403, 'insufficientPermissions', 'Request had insufficient authentication scopes.', {
      domain: 'global',
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT',
          domain: 'googleapis.com',
        },
      ],
    })
  const { condition = 'active' } = kit.world.person(found.personId) ?? {}
  const refusal = REFUSALS[condition]
  if (refusal) throw refusal()
  const channel = condition === 'no_channel' ? null : kit.world.resource(found.resourceIds[0] ?? '')
  return { personId: found.personId, condition, clientId: found.client.id, channel: channel ?? null }
}

const forbidden = (reason: string, message: string, domain = 'youtube.common') =>
  new ApiError(403, reason, message, { domain })

/** What the API says to people, and projects, in these conditions. */
const REFUSALS: Readonly<Record<string, () => ApiError>> = {
  suspended: () =>
    forbidden(
      'authenticatedUserAccountSuspended',
      'The YouTube account of the authenticated user is suspended.',
    ),
  closed: () =>
    forbidden('authenticatedUserAccountClosed', 'The YouTube account of the authenticated user is closed.'),
  channel_suspended: () => forbidden('channelSuspended', 'The channel has been suspended.'),
  channel_closed: () => forbidden('channelClosed', 'The channel has been closed.'),
  delegated: () =>
    forbidden('accountDelegationForbidden', 'The account cannot be used by delegation through the API.'),
  signup_required: () => new ApiError(401, 'youtubeSignupRequired', 'Unauthorized'),
  feature_forbidden: () => forbidden('forbidden', 'The request is not properly authorized.'),
  api_disabled: () =>
    forbidden('accessNotConfigured', 'YouTube Data API v3 is disabled in this project.', 'usageLimits'),
  quota_exceeded: () =>
    forbidden(
      'quotaExceeded',
      'The request cannot be completed because you have exceeded your quota.',
      'youtube.quota',
    ),
}

/**
 * All conditions of a person. Those of the operator's project are put on one person, too. The first of the others stop nothing but
 * uploads, thumbnails or comments, and videos that were uploaded.
 */
export const CONDITIONS: readonly string[] = [
  'no_channel',
  'upload_limit_reached',
  'thumbnails_forbidden',
  'uploads_rejected',
  'comments_off',
  'comments_held',
  ...Object.keys(REFUSALS),
]
