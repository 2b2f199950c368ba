import { Hono, type MiddlewareHandler } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { Resource } from '../world.js'
import { requireMember } from './access.js'
import { ApiError } from './errors.js'
import { roleOf } from './seed.js'

/** The versions that live in November 2026. */
const OLDEST_VERSION = '202601'
const NEWEST_VERSION = '202609'
const PAGE_SIZE = 10

/** What an application asks as a member: who they are, and which company pages they may act for. */
export function createApi(kit: PlatformKit): Hono {
  const { world } = kit
  const app = new Hono()
  app.use('/rest/*', requireVersion)

  app.get('/v2/userinfo', (c) => {
    const person = requireMember(kit, c, 'openid', 'userinfo.GET.NO_VERSION')
    const [given = person.name, ...rest] = person.name.split(' ')
    return c.json({
      sub: person.id,
      name: person.name,
      given_name: given,
      family_name: rest.join(' '),
      picture: kit.avatarUrl(person),
      locale: { country: 'US', language: 'en' },
    })
  })

  app.get('/rest/organizationAcls', (c) => {
    const person = requireMember(kit, c, 'rw_organization_admin', 'organizationAcls.FINDER-roleAssignee')
    const { q, role, state = 'APPROVED', start = '0', count = String(PAGE_SIZE) } = c.req.query()
    if (q !== 'roleAssignee') throw new ApiError(400, 'The finder is not known.', { code: 'INVALID_PARAM' })
    const held = person.condition === 'page_roles_lost' ? [] : world.resourcesOf(person.id, 'organization')
    const all = held
      .map((page) => describeAcl(page, person.id))
      .filter((acl) => (role === undefined || acl.role === role) && acl.state === state)
    const [from, size] = [Number(start), Number(count)]
    const links =
      all.length > from + size
        ? [{ rel: 'next', type: 'application/json', href: `/rest/organizationAcls?start=${from + size}` }]
        : []
    return c.json({
      paging: { start: from, count: size, links, total: all.length },
      elements: all.slice(from, from + size),
    })
  })

  app.get('/rest/organizationsLookup', (c) => {
    requireMember(kit, c, 'rw_organization_admin', 'organizationsLookup.BATCH_GET')
    const list = /^List\(([\d,]+)\)$/.exec(c.req.query('ids') ?? '')?.[1]
    if (list === undefined)
      throw new ApiError(400, 'The parameter ids must be a list.', { code: 'PARAM_INVALID' })
    const pages = list.split(',').map((id) => world.resource(id))
    const found = pages.filter((page) => page?.kind === 'organization') as Resource[]
    return c.json({
      results: Object.fromEntries(found.map((page) => [page.id, describeOrganization(page)])),
      statuses: Object.fromEntries(found.map(({ id }) => [id, 200])),
      errors: {},
    })
  })
  return app
}

const requireVersion: MiddlewareHandler = async (c, next) => {
  const version = c.req.header('linkedin-version')
  if (version === undefined)
    throw new ApiError(400, 'A version must be present.', { code: 'VERSION_MISSING' })
  if (!/^\d{6}$/.test(version) || version < OLDEST_VERSION || version > NEWEST_VERSION)
    throw new ApiError(426, `Requested version ${version} is not active`, { code: 'NONEXISTENT_VERSION' })
  if (c.req.header('x-restli-protocol-version') !== '2.0.0')
    throw new ApiError(400, 'The protocol must be Rest.li 2.0.0.', { code: 'ILLEGAL_ARGUMENT' })
  return next()
}

const describeAcl = (page: Resource, personId: string) => ({
  role: roleOf(page, personId),
  organization: `urn:li:organization:${page.id}`,
  roleAssignee: `urn:li:person:${personId}`,
  state: 'APPROVED',
})

const describeOrganization = ({ id, name, facts }: Resource) => ({
  id: Number(id),
  name: { localized: { en_US: name }, preferredLocale: { country: 'US', language: 'en' } },
  localizedName: name,
  vanityName: facts.vanityName,
  primaryOrganizationType: 'NONE',
  locations: [],
})
