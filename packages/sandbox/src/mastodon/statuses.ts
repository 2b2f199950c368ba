import { type Context, Hono } from 'hono'
import type { Media, Post } from '../world.js'
import { type Caller, readPerson, requirePerson } from './access.js'
import { countCharacters } from './count-characters.js'
import { ApiError, recordNotFound } from './errors.js'
import { isReady } from './media.js'
import { type Parameters, readParameters } from './parameters.js'
import { createId, type Instance, type StatusFacts } from './server.js'
import { describeStatus } from './status-entity.js'

const WRITE = ['write', 'write:statuses']
const READ = ['read', 'read:statuses']
const VISIBILITIES = ['public', 'unlisted', 'private', 'direct']

/** Posts. @see https://docs.joinmastodon.org/methods/statuses/ */
export function createStatusRoutes(instance: Instance): Hono {
  const { world } = instance.kit
  const app = new Hono()

  app.post('/api/v1/statuses', async (c) => {
    const caller = requirePerson(instance, c, WRITE)
    const parameters = await readParameters(c)
    // From here to the end nothing waits: two requests with one key make one post.
    const key = c.req.header('idempotency-key')
    const known = findRepeated(instance, caller, key)
    if (known) return c.json(describeStatus(instance, known, caller.person))
    const post = publish(instance, caller, parameters)
    if (key !== undefined)
      instance.idempotency.set(`${caller.person.id} ${key}`, { statusId: post.id, at: instance.kit.now() })
    return c.json(describeStatus(instance, post, caller.person))
  })

  app.get('/api/v1/statuses/:id', (c) => {
    const caller = readPerson(instance, c, READ)
    const post = world.post(c.req.param('id'))
    const author = post?.personId ? world.person(post.personId) : undefined
    if (!post || !author || !maySee(post, caller)) throw recordNotFound()
    return c.json(describeStatus(instance, post, author))
  })

  app.delete('/api/v1/statuses/:id', (c) => {
    const { person } = requirePerson(instance, c, WRITE)
    const post = world.post(c.req.param('id'))
    if (!post || post.personId !== person.id) throw recordNotFound()
    world.deletePost(post.id)
    return c.json({ ...describeStatus(instance, post, person), text: post.text })
  })

  app.get('/api/v1/accounts/:id/statuses', (c) => {
    const caller = readLister(instance, c)
    const author = world.person(c.req.param('id'))
    if (!author) throw recordNotFound()
    const limit = Math.min(Math.max(Number(c.req.query('limit') ?? 20) || 20, 1), 40)
    const posts = world.posts({ personId: author.id }).reverse()
    const before = posts.findIndex(({ id }) => id === c.req.query('max_id'))
    const seen = posts.slice(before + 1).filter((post) => maySee(post, caller))
    return c.json(seen.slice(0, limit).map((post) => describeStatus(instance, post, author)))
  })
  return app
}

/** Who asks for posts of an account. Most servers show to anybody what is public. */
function readLister(instance: Instance, c: Context): Caller | null {
  const { listsPostsFor } = instance.facts
  return listsPostsFor === 'anybody'
    ? readPerson(instance, c, READ)
    : requirePerson(instance, c, ['read', listsPostsFor])
}

const maySee = (post: Post, caller: Caller | null) =>
  ['public', 'unlisted'].includes(String(post.facts.visibility)) || post.personId === caller?.person.id

function findRepeated({ kit, facts, idempotency }: Instance, { person }: Caller, key: string | undefined) {
  const known = key === undefined ? undefined : idempotency.get(`${person.id} ${key}`)
  if (!known || facts.idempotencySeconds === null) return undefined
  if (kit.now().getTime() - known.at.getTime() >= facts.idempotencySeconds * 1000) return undefined
  const post = kit.world.post(known.statusId)
  if (!post) throw recordNotFound()
  return post
}

function publish(instance: Instance, { person, client }: Caller, parameters: Parameters): Post {
  const { kit, facts } = instance
  const text = parameters.text('status') ?? ''
  const spoilerText = parameters.text('spoiler_text') ?? ''
  const media = findMedia(instance, person.id, parameters.list('media_ids'))
  if (text.trim() === '' && media.length === 0)
    throw new ApiError(422, "Validation failed: Text can't be blank")
  if (countCharacters(text + spoilerText, facts.charactersPerUrl) > facts.maxCharacters)
    throw new ApiError(422, `Validation failed: Text character limit of ${facts.maxCharacters} exceeded`)
  const asked = parameters.text('visibility') ?? 'public'
  if (!VISIBILITIES.includes(asked))
    throw new ApiError(422, 'Validation failed: Visibility is not included in the list')
  const inReplyToId = parameters.text('in_reply_to_id') ?? null
  if (inReplyToId !== null && !kit.world.post(inReplyToId))
    throw new ApiError(404, 'The post you are trying to reply to does not appear to exist.')
  const visibility = asked === 'public' && person.condition === 'silenced' ? 'unlisted' : asked

  const status: StatusFacts = {
    visibility,
    language: parameters.text('language') ?? 'en',
    spoilerText,
    sensitive: parameters.isTrue('sensitive') || spoilerText !== '',
    inReplyToId,
    clientName: client.name,
  }
  for (const { id } of media) instance.attached.add(id)
  return kit.world.addPost({
    id: createId(instance),
    personId: person.id,
    text,
    media,
    inReplyTo: inReplyToId,
    isPublic: visibility === 'public' || visibility === 'unlisted',
    body: parameters.plain,
    facts: { ...status },
  })
}

function findMedia(instance: Instance, personId: string, ids: readonly string[]): Media[] {
  const { kit, facts, attached } = instance
  if (ids.length > facts.maxMediaAttachments)
    throw new ApiError(422, `Cannot attach more than ${facts.maxMediaAttachments} files`)
  const media = ids.map((id) => {
    const found = kit.world.media(id)
    if (!found || found.personId !== personId || attached.has(id))
      throw new ApiError(422, `Media ${id} not found`)
    return found
  })
  if (media.length > 1 && media.some((one) => one.facts.type !== 'image'))
    throw new ApiError(422, 'Cannot attach a video to a post that already contains images')
  if (!media.every((one) => isReady(instance, one)))
    throw new ApiError(422, 'Cannot attach files that have not finished processing. Try again in a moment!')
  return media
}
