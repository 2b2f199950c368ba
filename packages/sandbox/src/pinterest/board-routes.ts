import { type Context, Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { Resource } from '../world.js'
import { type Caller, requirePerson } from './access.js'
import { ApiError, invalidRequest } from './errors.js'

const PRIVACIES = ['PUBLIC', 'PROTECTED', 'SECRET']
const FILTERS: Readonly<Record<string, readonly string[]>> = {
  ALL: PRIVACIES,
  PUBLIC: ['PUBLIC'],
  PROTECTED: ['PROTECTED'],
  SECRET: ['SECRET'],
  PUBLIC_AND_SECRET: ['PUBLIC', 'SECRET'],
}
const CREATED = '2026-01-01T00:00:00Z'

/** Boards of a person, and group boards they work on. @see https://developers.pinterest.com/docs/api/v5/boards-list */
export function createBoardRoutes(kit: PlatformKit): Hono {
  const { world } = kit
  const app = new Hono()

  app.get('/v5/boards', (c) => {
    const caller = requirePerson(kit, c, ['boards:read'])
    const wanted = FILTERS[c.req.query('privacy') ?? 'ALL']
    if (!wanted) throw invalidRequest("'privacy' is not one of those that are known.")
    const boards = world
      .resourcesOf(caller.person.id, 'board')
      .filter((board) => maySee(board, caller) && wanted.includes(String(board.facts.privacy)))
    return c.json(pageOf(c, boards, (board) => describeBoard(kit, board)))
  })

  app.get('/v5/boards/:id', (c) => {
    const caller = requirePerson(kit, c, ['boards:read'])
    return c.json(describeBoard(kit, findOwnBoard(kit, c.req.param('id'), caller)))
  })

  app.post('/v5/boards', async (c) => {
    const { person } = requirePerson(kit, c, ['boards:read', 'boards:write'])
    const body = await c.req.json<Record<string, unknown>>().catch(() => ({}) as Record<string, unknown>)
    const { name, description = null, privacy = 'PUBLIC' } = body
    if (typeof name !== 'string' || name.trim() === '') throw invalidRequest("'name' is a required property")
    if (!PRIVACIES.includes(String(privacy)))
      throw invalidRequest("'privacy' is not one of those that are known.")
    const facts = { privacy, description }
    return c.json(
      describeBoard(kit, world.addResource({ kind: 'board', name, ownerIds: [person.id], facts })),
      201,
    )
  })
  return app
}

/** A board that is the caller's to work on. @throws ApiError */
export function findOwnBoard(kit: PlatformKit, id: string, caller: Caller): Resource {
  const board = findBoard(kit, id)
  const isOwn = board.ownerIds.includes(caller.person.id) && maySee(board, caller)
  if (!isOwn) throw new ApiError(403, 7, 'Not authorized to access board or Pin.')
  return board
}

/** @throws ApiError 400 for what is no number, 404 for what is not there */
function findBoard({ world }: PlatformKit, id: string): Resource {
  if (!/^\d+$/.test(id)) throw invalidRequest(`'board_id' value '${id}' must match the pattern: ^\\d+$`)
  const board = world.resource(id)
  if (board?.kind !== 'board') throw new ApiError(404, 40, 'Board not found.')
  return board
}

/** Secret boards take a scope of their own. */
export const maySee = ({ facts }: Resource, { scopes }: Caller) =>
  facts.privacy !== 'SECRET' || scopes.includes('boards:read_secret')

function readPageSize(c: Context): number {
  const text = c.req.query('page_size') ?? '25'
  if (!/^\d+$/.test(text)) throw invalidRequest(`Parameter 'page_size' was not numeric (was ${text})`)
  const size = Number(text)
  if (size < 1 || size > 250) throw invalidRequest("Parameter 'page_size' must be between 1 and 250")
  return size
}

/** @see the API description, Board */
function describeBoard({ world }: PlatformKit, { id, name, ownerIds, facts }: Resource) {
  const [ownerId = ''] = ownerIds
  return {
    id,
    name,
    description: facts.description ?? null,
    privacy: facts.privacy,
    is_ads_only: facts.isAdsOnly === true,
    owner: { username: world.person(ownerId)?.handle ?? '' },
    collaborator_count: ownerIds.length - 1,
    follower_count: 0,
    pin_count: world.posts({ resourceId: id }).length,
    created_at: CREATED,
    board_pins_modified_at: CREATED,
    media: { image_cover_url: null, pin_thumbnail_urls: [] },
  }
}

/** One page of a list, and where the next one begins. @throws ApiError */
export function pageOf<T>(c: Context, all: readonly T[], describe: (one: T) => unknown) {
  const start = Number(Buffer.from(c.req.query('bookmark') ?? '', 'base64url').toString()) || 0
  const end = start + readPageSize(c)
  return {
    items: all.slice(start, end).map(describe),
    bookmark: end < all.length ? Buffer.from(String(end)).toString('base64url') : null,
  }
}
