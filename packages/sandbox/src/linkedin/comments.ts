import { type Context, Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { Post } from '../world.js'
import { requireAuthor } from './access.js'
import { isObject, readBody } from './body.js'
import { ApiError } from './errors.js'

/** What LinkedIn's own pages take; of the API it is not documented. */
const MAX_LENGTH = 1250
const FIELDS = ['actor', 'object', 'message', 'content', 'parentComment']
const WRITE = { member: 'w_member_social_feed', page: 'w_organization_social_feed' }
const READ = { member: 'r_member_social_feed', page: 'r_organization_social_feed' }
/** For so long a post is not known here to whom things come late. */
const LAG_MS = 10_000

/**
 * Comments below posts; those below other comments are left out. Which error an author meets who has closed the comments, and how a
 * text is refused, is a guess.
 * @see https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/comments-api
 */
export function createComments(kit: PlatformKit): Hono {
  const { world } = kit
  const app = new Hono()

  app.post('/rest/socialActions/:urn/comments', async (c) => {
    const body = await readBody(c)
    const unknown = Object.keys(body).find((name) => !FIELDS.includes(name))
    if (unknown !== undefined)
      throw new ApiError(422, `/${unknown} :: unrecognized field found but not allowed`, {
        code: 'ILLEGAL_ARGUMENT',
      })
    const { actor, object } = body
    if (typeof actor !== 'string' || typeof object !== 'string')
      throw new ApiError(422, 'Actor and object are required.', { code: 'MISSING_FIELD' })
    const person = requireAuthor(kit, c, actor, resourceOf(c, 'CREATE'), WRITE)
    const post = findPost(c)
    if (person.condition === 'comments_lag' && kit.now().getTime() - post.createdAt.getTime() < LAG_MS)
      throw notThere(post.id)
    if (![post.id, activityOf(post)].includes(object))
      throw new ApiError(400, 'The object is not the one in the path.', { code: 'ILLEGAL_ARGUMENT' })
    const text = readText(body.message)
    if (person.condition === 'comments_closed')
      throw new ApiError(403, 'Comments are closed on this thread.', { code: 'COMMENTS_CLOSED' })
    const pageId = /^urn:li:organization:(\d+)$/.exec(actor)?.[1] ?? null
    const number = `7${world.snowflake()}`
    const comment = world.addPost({
      id: `urn:li:comment:(${activityOf(post)},${number})`,
      personId: pageId === null ? person.id : null,
      resourceId: pageId,
      text,
      inReplyTo: post.id,
      isPublic: post.isPublic,
      body,
      facts: { actor, number, object: activityOf(post) },
    })
    return c.json(describeComment(comment), 201, { 'x-restli-id': number })
  })

  app.get('/rest/socialActions/:urn/comments', (c) => {
    const { start = '0', count = '10' } = c.req.query()
    const post = lookFor(c)
    requireAuthor(kit, c, post?.facts.author, resourceOf(c, 'GET_ALL'), READ)
    const { id } = findPost(c)
    const all = world.posts().filter(({ inReplyTo }) => inReplyTo === id)
    const from = Number(start)
    return c.json({
      paging: { start: from, count: Number(count), links: [], total: all.length },
      elements: all.slice(from, from + Number(count)).map(describeComment),
    })
  })

  const lookFor = (c: Context): Post | undefined =>
    world
      .posts()
      .find((one) => one.inReplyTo === null && [one.id, activityOf(one)].includes(c.req.param('urn') ?? ''))

  /** @throws ApiError 404 where there is none */
  function findPost(c: Context): Post {
    const post = lookFor(c)
    if (post) return post
    throw notThere(c.req.param('urn') ?? '')
  }
  return app
}

function readText(message: unknown): string {
  const text = isObject(message) ? message.text : undefined
  if (typeof text !== 'string' || text.trim() === '')
    throw new ApiError(400, 'The text of the message is required.', { code: 'MISSING_FIELD' })
  if (text.length > MAX_LENGTH)
    throw new ApiError(400, 'The comment is too long.', { code: 'FIELD_LENGTH_TOO_LONG' })
  return text
}

/** As refusals name it: with the version, as a day. */
const resourceOf = (c: Context, method: string): string =>
  `partnerApiSocialActions.${method}.${c.req.header('linkedin-version')}01`

const notThere = (urn: string) =>
  new ApiError(404, `Received error for ${urn} from domain authorization endpoint: 404`)

/** The thread of a post. Its number is another one at the real LinkedIn. */
const activityOf = ({ id }: Post): string => id.replace(/^urn:li:\w+:/, 'urn:li:activity:')

function describeComment({ id, text, createdAt, facts }: Post) {
  const { actor, number, object } = facts
  const at = { actor, time: createdAt.getTime() }
  return {
    actor,
    commentUrn: id,
    created: at,
    id: number,
    lastModified: at,
    message: { attributes: [], text },
    object,
  }
}
