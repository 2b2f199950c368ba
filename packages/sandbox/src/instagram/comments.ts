import { type Context, Hono } from 'hono'
import { GraphApiError } from '../meta/errors.js'
import { readParameters, writeTime } from '../meta/parameters.js'
import { noSuchObject } from '../meta/person-routes.js'
import type { PlatformKit } from '../platform.js'
import type { Post, World } from '../world.js'
import { type ActingAccount, type RequireAccount, restricted } from './acting-account.js'

/** Not documented; as in the app. */
const MAX_COMMENT = 2200
const MAX_PER_QUERY = 50

/**
 * Comments below the posts of an account, the same on both ways. Words and codes of refusals are made up where the documentation
 * names none.
 * @see https://developers.facebook.com/documentation/instagram-platform/instagram-graph-api/reference/ig-media/comments
 */
export function createCommentRoutes(kit: PlatformKit, requireAccount: RequireAccount): Hono {
  const { world, random } = kit
  const app = new Hono()

  app.post('/:id/comments', async (c) => {
    const { account, media } = requireMedia(world, requireAccount, c)
    if (account.isRestricted) throw restricted()
    const { message = '' } = await readParameters(c)
    if (message.trim() === '') throw faulty('(#100) The parameter message is required.')
    if ([...message].length > MAX_COMMENT) throw faulty('The comment is too long.')
    if (media.facts.isStory === true) throw faulty('Stories have no comments.')
    if (media.facts.commentsOff === true) throw faulty('Comments on this media are turned off.')
    const comment = world.addPost({
      id: `179${random.digits(14)}`,
      ...account.place,
      text: message,
      inReplyTo: media.id,
      body: { message },
    })
    return c.json({ id: comment.id })
  })

  app.get('/:id/comments', (c) => {
    const { account, media } = requireMedia(world, requireAccount, c)
    const limit = Math.min(Number(c.req.query('limit') ?? MAX_PER_QUERY) || MAX_PER_QUERY, MAX_PER_QUERY)
    const start = Number(c.req.query('after')) || 0
    const all = commentsBelow(world, media.id).reverse()
    const fields = (c.req.query('fields') ?? 'id,text,timestamp').split(',')
    const data = all.slice(start, start + limit).map((comment) => {
      const described = Object.entries(describeComment(world, account, comment))
      return Object.fromEntries(described.filter(([name]) => name === 'id' || fields.includes(name)))
    })
    const after = start + data.length
    if (data.length === 0) return c.json({ data })
    const next = after < all.length && { next: `${c.req.url}&after=${after}` }
    return c.json({ data, paging: { cursors: { before: String(start), after: String(after) }, ...next } })
  })

  app.post('/:id', async (c, next) => {
    const { comment_enabled } = await readParameters(c)
    if (comment_enabled === undefined) return next()
    const { media } = requireMedia(world, requireAccount, c)
    world.updatePost(media.id, { facts: { ...media.facts, commentsOff: comment_enabled === 'false' } })
    return c.json({ success: true })
  })
  return app
}

/** Comments directly below a post, oldest first. */
export const commentsBelow = (world: World, id: string): Post[] =>
  world.posts().filter(({ inReplyTo }) => inReplyTo === id)

/** A post of the account that shows its token and may deal with comments. */
function requireMedia(world: World, requireAccount: RequireAccount, c: Context) {
  const account = requireAccount(c, null, 'comment')
  const id = c.req.param('id') ?? ''
  const media = world.post(id)
  if (!media || media.inReplyTo !== null || !isBy(account, media)) throw noSuchObject(id)
  return { account, media }
}

const isBy = ({ place }: ActingAccount, { personId, resourceId }: Post): boolean =>
  place.resourceId === null
    ? resourceId === null && personId === place.personId
    : resourceId === place.resourceId

/** Who wrote it is told by `user` of the account itself, and by name of everybody. */
function describeComment(world: World, account: ActingAccount, comment: Post) {
  const { id, text, createdAt, personId, inReplyTo } = comment
  const isOwn = isBy(account, comment)
  const username = isOwn ? account.handle : world.person(personId ?? '')?.handle
  return {
    id,
    text,
    timestamp: writeTime(createdAt),
    hidden: false,
    like_count: 0,
    media: { id: inReplyTo },
    ...(username !== undefined && { username }),
    ...(isOwn && { user: { id: account.id } }),
  }
}

const faulty = (message: string) => new GraphApiError(100, message)
