import { Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { Media, Person, Post } from '../world.js'
import { requirePerson } from './access.js'
import { invalidRequest, isId, isObject, readJson, refuseUnknown } from './body.js'
import { ProblemError } from './errors.js'
import { describePost, FIELDS } from './post-entity.js'
import { limitPerPerson } from './rate-limits.js'
import type { Uploads } from './uploads.js'
import { countCharacters } from './weigh.js'

const READ = ['tweet.read', 'users.read']
const WRITE = [...READ, 'tweet.write']
const BODY_FIELDS = [
  ...[
    'text',
    'media',
    'reply',
    'reply_settings',
    'made_with_ai',
    'paid_partnership',
    'quote_tweet_id',
    'poll',
  ],
  ...['community_id', 'share_with_followers', 'edit_options', 'for_super_followers_only', 'nullcast', 'geo'],
  ...['card_uri', 'direct_message_deep_link'],
]
const REPLY_SETTINGS = ['following', 'mentionedUsers', 'subscribers', 'verified']
const MAX_LENGTH = 280
const MAX_PREMIUM_LENGTH = 25_000
/** For how long an identical text is refused is not said anywhere. */
const DUPLICATE_SECONDS = 3600

/** Posts. @see https://docs.x.com/x-api/posts/create-post */
export function createPosts(kit: PlatformKit, uploads: Uploads): Hono {
  const { world } = kit
  const app = new Hono()

  app.post('/2/tweets', limitPerPerson(kit, 100), async (c) => {
    const person = requirePerson(kit, c, WRITE)
    const body = await readJson(c, BODY_FIELDS)
    const text = readText(body)
    const media = readMedia(person, body.media)
    const inReplyTo = readReply(person, body.reply)
    const { reply_settings: replySettings } = body
    if (replySettings !== undefined && !REPLY_SETTINGS.includes(String(replySettings)))
      throw invalidRequest('$.reply_settings: does not have a value in the enumeration')
    if (text.trim() === '' && media.length === 0) throw invalidRequest('One of text or media is required.')
    refuseText(person, text)
    const post = world.addPost({
      personId: person.id,
      text,
      media,
      inReplyTo,
      isPublic: true,
      body,
      facts: { conversationId: inReplyTo === null ? null : conversationOf(inReplyTo) },
    })
    return c.json({ data: { id: post.id, text: describePost(kit, post).text } }, 201)
  })

  app.delete('/2/tweets/:id', limitPerPerson(kit, 50), (c) => {
    const person = requirePerson(kit, c, WRITE)
    const post = world.post(c.req.param('id'))
    if (!post) {
      const id = c.req.param('id')
      throw new ProblemError(404, 'Not Found Error', `Could not find tweet with id: [${id}].`, {
        type: 'resource-not-found',
        details: { resource_type: 'tweet', resource_id: id, parameter: 'id', value: id },
      })
    }
    if (post.personId !== person.id)
      throw new ProblemError(403, 'Forbidden', 'You are not permitted to delete this Tweet.')
    return c.json({ data: { deleted: world.deletePost(post.id) } })
  })

  app.get('/2/users/:id/tweets', limitPerPerson(kit, 900), (c) => {
    const person = requirePerson(kit, c, READ)
    const { start_time: from, max_results: size = '10', pagination_token: token } = c.req.query()
    const asked = (c.req.query('post.fields') ?? '').split(',').filter(Boolean)
    const unknown = asked.find((field) => !FIELDS.includes(field))
    if (unknown !== undefined)
      throw invalidRequest(
        `The \`post.fields\` query parameter value [${unknown}] is not one of those that are known.`,
      )
    const limit = Number(size)
    if (!Number.isInteger(limit) || limit < 5 || limit > 100)
      throw invalidRequest(`The \`max_results\` query parameter value [${size}] is not between 5 and 100`)
    if (from !== undefined && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(from))
      throw invalidRequest('The `start_time` query parameter value is not a valid date time.')
    if (c.req.param('id') !== person.id) return c.json({ meta: { result_count: 0 } })
    const since = from === undefined ? 0 : new Date(from).getTime()
    const all = world.posts({ personId: person.id }).filter(({ createdAt }) => createdAt.getTime() >= since)
    const begin = token === undefined ? 0 : Number.parseInt(token, 32)
    const shown = all.reverse().slice(begin, begin + limit)
    const hasMore = all.length > begin + limit
    return c.json({
      ...(shown.length > 0 && { data: shown.map((post) => describePost(kit, post, asked)) }),
      meta: {
        result_count: shown.length,
        ...(shown.length > 0 && { newest_id: shown[0]?.id, oldest_id: shown.at(-1)?.id }),
        ...(hasMore && { next_token: (begin + limit).toString(32) }),
      },
    })
  })

  const conversationOf = (id: string): string => String(world.post(id)?.facts.conversationId ?? id)

  function readMedia(person: Person, value: unknown): Media[] {
    if (value === undefined) return []
    const ids = isObject(value) ? value.media_ids : undefined
    if (!isObject(value) || !Array.isArray(ids) || ids.length < 1 || ids.length > 4 || !ids.every(isId))
      throw invalidRequest(
        '$.media.media_ids: there must be a minimum of 1 and a maximum of 4 items in the array',
      )
    refuseUnknown(value, ['media_ids', 'tagged_user_ids'], '$.media')
    const found = ids.map((id) => {
      const upload = uploads.find(id, person)
      if (!upload?.media || !uploads.isReady(upload))
        throw invalidRequest('Your media IDs are invalid.', { 'media.media_ids': [id] })
      return upload.media
    })
    if (found.length > 1 && found.some(({ facts }) => facts.category !== 'tweet_image'))
      throw invalidRequest('A Tweet may have 4 photos, 1 animated GIF or 1 video.')
    return found
  }

  /** An account may go on below its own posts; below others only where it was mentioned, which nobody does here. */
  function readReply(person: Person, value: unknown): string | null {
    if (value === undefined) return null
    const id = isObject(value) ? value.in_reply_to_tweet_id : undefined
    if (!isId(id)) throw invalidRequest('$.reply.in_reply_to_tweet_id: is missing but it is required')
    const post = world.post(id)
    if (!post)
      throw new ProblemError(
        403,
        'Forbidden',
        'You attempted to reply to a Tweet that is deleted or not visible to you.',
      )
    if (post.personId !== person.id)
      throw new ProblemError(
        403,
        'Forbidden',
        'Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to.',
      )
    return id
  }

  function refuseText(person: Person, text: string): void {
    const most = person.facts.subscriptionType === undefined ? MAX_LENGTH : MAX_PREMIUM_LENGTH
    if (countCharacters(text) > most || /[\uFFFE\uFEFF\uFFFF]/.test(text))
      throw new ProblemError(403, 'Forbidden', 'You are not permitted to perform this action.')
    const since = kit.now().getTime() - DUPLICATE_SECONDS * 1000
    const isSame = (post: Post) => post.text === text && post.createdAt.getTime() > since
    if (text !== '' && world.posts({ personId: person.id }).some(isSame))
      throw new ProblemError(
        403,
        'Forbidden',
        'You are not allowed to create a Tweet with duplicate content.',
      )
  }
  return app
}

function readText({ text }: Record<string, unknown>): string {
  if (text === undefined) return ''
  if (typeof text === 'string') return text
  throw invalidRequest('$.text: must be a string')
}
