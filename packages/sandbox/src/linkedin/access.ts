import type { Context } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { TokenInspection } from '../token-service.js'
import type { Person } from '../world.js'
import { ApiError } from './errors.js'
import { roleOf } from './seed.js'

/** What a token that is not good is called; the name for expired ones is a guess by the other two. */
const LOST: Record<Exclude<TokenInspection['state'], 'valid'>, () => ApiError> = {
  unknown: () =>
    new ApiError(401, 'Invalid access token', { code: 'INVALID_ACCESS_TOKEN', serviceErrorCode: 65600 }),
  revoked: () =>
    new ApiError(401, 'The token used in the request has been revoked by the user', {
      code: 'REVOKED_ACCESS_TOKEN',
      serviceErrorCode: 65601,
    }),
  expired: () => new ApiError(401, 'Expired access token', { code: 'EXPIRED_ACCESS_TOKEN' }),
}

const denied = (resource: string) =>
  new ApiError(403, `Not enough permissions to access: ${resource}`, {
    code: 'ACCESS_DENIED',
    serviceErrorCode: 100,
  })

/**
 * The member whose token a request carries.
 * @param resource as the refusal names it, such as `userinfo.GET.NO_VERSION`
 * @throws ApiError 401 without a good token, 403 without the scope
 */
export function requireMember(kit: PlatformKit, c: Context, scope: string, resource: string): Person {
  const token = /^bearer\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
  if (token === undefined) throw new ApiError(401, 'Empty oauth2_access_token', { serviceErrorCode: 401 })
  const found = kit.tokens.inspect(token)
  if (found.state !== 'valid') throw LOST[found.state]()
  const person = kit.world.person(found.personId ?? '')
  if (!person || !found.scopes.includes(scope) || person.condition === 'restricted') throw denied(resource)
  // It takes a moment until every part of LinkedIn knows a new token.
  const age = kit.now().getTime() - found.token.issuedAt.getTime()
  if (person.condition === 'userinfo_lags' && resource.startsWith('userinfo') && age < 10_000)
    throw LOST.revoked()
  return person
}

/** What it takes to post. */
const POST = { member: 'w_member_social', page: 'w_organization_social' }

/**
 * The member who acts for an author: themselves, or a company page on which their role may post.
 * @param scopes what it takes. Default: what posts take
 * @throws ApiError as `requireMember`; 400 for a page the member may not speak for
 */
export function requireAuthor(
  kit: PlatformKit,
  c: Context,
  author: unknown,
  resource: string,
  scopes: { member: string; page: string } = POST,
): Person {
  const pageId = /^urn:li:organization:(\d+)$/.exec(String(author))?.[1]
  const scope = pageId === undefined ? scopes.member : scopes.page
  const person = requireMember(kit, c, scope, resource)
  if (pageId === undefined) {
    if (author === undefined || author === `urn:li:person:${person.id}`) return person
    throw denied(resource)
  }
  const page = kit.world.resource(pageId)
  const role = page?.ownerIds.includes(person.id) ? roleOf(page, person.id) : ''
  if (POSTING_ROLES.includes(role) && person.condition !== 'page_roles_lost') return person
  throw new ApiError(400, 'Organization permissions must be used when using organization as author', {
    code: 'ILLEGAL_ARGUMENT',
  })
}

const POSTING_ROLES = [
  'ADMINISTRATOR',
  'CONTENT_ADMIN',
  'CONTENT_ADMINISTRATOR',
  'DIRECT_SPONSORED_CONTENT_POSTER',
]
