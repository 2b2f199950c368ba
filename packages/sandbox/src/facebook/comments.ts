import { type Context, Hono } from 'hono'
import { requireCaller, requireScope } from '../meta/access.js'
import { GraphApiError } from '../meta/errors.js'
import { pageOf } from '../meta/page-tokens.js'
import { factsOf } from '../meta/pages.js'
import { readParameters, writeTime } from '../meta/parameters.js'
import { noSuchObject } from '../meta/person-routes.js'
import type { PlatformKit } from '../platform.js'
import type { Post, World } from '../world.js'
import { type PageCaller, requirePage } from './page-access.js'

/** Not documented; what connectors take to be the most. */
const MAX_COMMENT = 8000
const USER_CONTENT = 'pages_read_user_content'

/**
 * Comments by a Page below its own posts, videos and comments. Words and codes of refusals are made up where the documentation
 * names none.
 * @see https://developers.facebook.com/docs/graph-api/reference/object/comments
 * @see https://developers.facebook.com/documentation/pages-api/comments-mentions
 */
export function createCommentRoutes(kit: PlatformKit): Hono {
  const { world, random } = kit
  const app = new Hono()

  app.post('/:id/comments', async (c) => {
    const caller = requireCommenter(kit, c)
    const { message = '' } = await readParameters(c)
    const { id, facts } = requireObject(world, caller, c)
    if (message.trim() === '')
      throw faulty(
        '(#100) One of attachment_id, attachment_share_url, attachment_url, message, or source must be provided.',
      )
    if ([...message].length > MAX_COMMENT) throw faulty('(#100) The comment is too long.')
    if (facts.mediaId !== undefined) throw faulty('(#100) Stories have no comments.')
    if (facts.canComment === false) throw faulty('(#100) Comments on this object are turned off.')
    if (!factsOf(caller.page).isPublished) throw faulty('(#100) The Page is not published.')
    const comment = world.addPost({
      id: `${id.split('_').at(-1)}_${random.digits(15)}`,
      personId: caller.person.id,
      resourceId: caller.page.id,
      text: message,
      inReplyTo: id,
      body: { message },
    })
    return c.json(shown(describeComment(kit, caller, comment), c, ['id']))
  })

  app.get('/:id/comments', (c) => {
    const caller = requirePage(kit, c)
    const { id } = requireObject(world, caller, c)
    const isStream = c.req.query('filter') === 'stream'
    const all = commentsBelow(world, id, isStream)
    if (c.req.query('order') === 'reverse_chronological' && !isStream) all.reverse()
    // Which comments an app gets to see that may not read what others wrote is not documented.
    const seesAll = caller.found.scopes.includes(USER_CONTENT)
    const visible = all.filter(({ resourceId }) => seesAll || resourceId === caller.page.id)
    const limit = Math.min(Math.max(Number(c.req.query('limit') ?? 25) || 25, 1), 100)
    const start = Number(c.req.query('after')) || 0
    const defaults = ['created_time', 'from', 'message', 'id']
    const data = visible
      .slice(start, start + limit)
      .map((comment) => shown(describeComment(kit, caller, comment), c, defaults))
    const after = start + data.length
    const next = after < visible.length && { next: `${c.req.url}&after=${after}` }
    const paging = { cursors: { before: String(start), after: String(after) }, ...next }
    const summary = { order: 'chronological', total_count: all.length }
    return c.json({
      data,
      ...(data.length > 0 && { paging }),
      ...(['true', '1'].includes(c.req.query('summary') ?? '') && { summary }),
    })
  })

  app.get('/:id', (c, next) => {
    const comment = world.post(c.req.param('id'))
    if (!comment || comment.inReplyTo === null) return next()
    const caller = requirePage(kit, c)
    return c.json(shown(describeComment(kit, caller, requireObject(world, caller, c)), c, ['id', 'message']))
  })

  app.delete('/:id', (c, next) => {
    const comment = world.post(c.req.param('id'))
    if (!comment || comment.inReplyTo === null) return next()
    const { id } = requireObject(world, requireCommenter(kit, c), c)
    deleteWithComments(world, id)
    return c.json({ success: true })
  })
  return app
}

/** Deletes a post or comment, and what stands below it. */
export function deleteWithComments(world: World, id: string): void {
  for (const comment of commentsBelow(world, id, true)) world.deletePost(comment.id)
  world.deletePost(id)
}

/** Comments below a post, oldest first. @param deep also those below other comments */
function commentsBelow(world: World, id: string, deep: boolean): Post[] {
  const below = world.posts().filter(({ inReplyTo }) => inReplyTo === id)
  return deep ? below.flatMap((one) => [one, ...commentsBelow(world, one.id, true)]) : below
}

/** Who may comment as the Page. People cannot. */
function requireCommenter(kit: PlatformKit, c: Context): PageCaller {
  if (pageOf(requireCaller(kit, c).found) === undefined)
    throw new GraphApiError(1705, '(#1705) There was an error posting to this wall')
  const caller = requirePage(kit, c)
  const mayModerate = factsOf(caller.page).tasks.includes('MODERATE')
  if (!mayModerate || !caller.found.scopes.includes('pages_manage_engagement'))
    // As seen in public reports.
    throw new GraphApiError(200, '(#200) You do not have sufficient permissions to perform this action', {
      status: 403,
    })
  return caller
}

/** Something of the Page below which there may be comments, or another one's comment there. */
function requireObject(world: World, { page, found }: PageCaller, c: Context): Post {
  const id = c.req.param('id') ?? ''
  const post = world.post(id)
  let root = post
  while (root && root.inReplyTo !== null) root = world.post(root.inReplyTo)
  if (!post || root?.resourceId !== page.id) throw noSuchObject(id)
  if (post.resourceId !== page.id) requireScope(found, USER_CONTENT)
  return post
}

/** Without its id for who may not moderate the Page. */
function describeComment(kit: PlatformKit, { page }: PageCaller, comment: Post): Record<string, unknown> {
  const { id, text, createdAt, personId, resourceId, inReplyTo } = comment
  const author = resourceId === page.id ? page : kit.world.person(personId ?? '')
  const parent = kit.world.post(inReplyTo ?? '')
  return {
    ...(factsOf(page).tasks.includes('MODERATE') && { id }),
    message: text,
    created_time: writeTime(createdAt),
    can_comment: true,
    ...(author && { from: { name: author.name, id: author.id } }),
    ...(parent && parent.inReplyTo !== null && { parent: { id: parent.id } }),
  }
}

/** Fields that were asked for, or those that come by themselves. */
function shown(all: Record<string, unknown>, c: Context, defaults: readonly string[]) {
  const asked = c.req.query('fields')
  const names = asked === undefined ? defaults : ['id', ...asked.replace(/\{[^}]*\}/g, '').split(',')]
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)))
}

const faulty = (message: string) => new GraphApiError(100, message)
