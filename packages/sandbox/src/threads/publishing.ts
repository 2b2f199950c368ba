import { type Context, Hono } from 'hono'
import { type Caller, pick, requireCaller, requireScope } from '../meta/access.js'
import { type Container, Containers } from '../meta/containers.js'
import { GraphApiError } from '../meta/errors.js'
import { readParameters, writeTime } from '../meta/parameters.js'
import type { PlatformKit } from '../platform.js'
import { type PulledFile, pullFile } from '../pull.js'
import type { Post } from '../world.js'
import { countCharacters, countLinks } from './text.js'

export const BASIC = 'threads_basic'
export const PUBLISH = 'threads_content_publish'
const DELETE = 'threads_delete'
const REPLY = 'threads_manage_replies'

/** Posts, replies and deletions per profile and day. */
export const QUOTAS = { posts: 250, replies: 1000, deletions: 100 }

const MAX_CHARACTERS = 500
const MAX_ALT_TEXT = 1000
const MAX_LINKS = 5
const ITEMS = { min: 2, max: 20 }
const MAX_IMAGE_BYTES = 8_000_000
const MAX_VIDEO_BYTES = 1_000_000_000
const DAY_MS = 24 * 3600 * 1000
const REPLY_CONTROLS = [
  'everyone',
  'accounts_you_follow',
  'mentioned_only',
  'parent_post_author_only',
  'followers_only',
]

/** How much of the day's allowances a profile has used. */
export function usageOf({ world, now }: PlatformKit, personId: string) {
  const since = now().getTime() - DAY_MS
  const ofDay = world
    .postsWithDeleted()
    .filter((post) => post.personId === personId && post.createdAt.getTime() > since)
  const deleted = world
    .postsWithDeleted()
    .filter((post) => post.personId === personId && (post.deletedAt?.getTime() ?? 0) > since)
  return {
    posts: ofDay.filter(({ inReplyTo }) => inReplyTo === null).length,
    replies: ofDay.filter(({ inReplyTo }) => inReplyTo !== null).length,
    deletions: deleted.length,
  }
}

/**
 * Containers, posts and deletions. Words and codes of refusals are made up where the documentation names none.
 * @see https://developers.facebook.com/documentation/threads/reference/publishing
 */
export function createPublishingRoutes(kit: PlatformKit): Hono {
  const { world } = kit
  const containers = new Containers(kit)
  const app = new Hono()

  app.post('/:id/threads', async (c) => {
    const caller = requirePublisher(kit, c)
    const parameters = await readParameters(c)
    if (parameters.reply_to_id !== undefined) {
      requireScope(caller.found, REPLY)
      if (!world.post(parameters.reply_to_id)) throw notThere()
    }
    checkTexts(parameters)
    const { id } = await makeContainer(kit, containers, caller, parameters)
    return c.json({ id })
  })

  app.post('/:id/threads_publish', async (c) => {
    const { person } = requirePublisher(kit, c)
    const { creation_id = '' } = await readParameters(c)
    const container = containers.find(creation_id)
    if (!container || container.ownerId !== person.id) throw notThere()
    if (container.isItem) throw faulty('A carousel item cannot be published by itself.')
    const state = containers.stateOf(container)
    if (state === 'PUBLISHED') throw faulty('The media container was published already.')
    if (state === 'EXPIRED') throw notThere()
    if (state !== 'FINISHED') throw notThere(4_279_009)
    const replyTo = container.parameters.reply_to_id ?? null
    const used = usageOf(kit, person.id)
    if (replyTo === null ? used.posts >= QUOTAS.posts : used.replies >= QUOTAS.replies)
      throw new GraphApiError(9, 'The profile has reached its limit of posts.', { subcode: 2_207_042 })
    const post = world.addPost({
      id: `179${kit.random.digits(14)}`,
      personId: person.id,
      text: container.text,
      media: containers.filesOf(container),
      inReplyTo: replyTo,
      body: container.parameters,
      facts: { shortcode: kit.random.text(11), mediaType: container.mediaType },
    })
    container.publishedAs = post.id
    return c.json({ id: post.id })
  })

  app.get('/:id/threads', (c) => {
    const { person } = requireOwner(kit, c)
    const since = Number(c.req.query('since') ?? 0) * 1000
    const limit = Math.min(Number(c.req.query('limit') ?? 25) || 25, 100)
    const posts = world
      .posts({ personId: person.id })
      .filter(({ inReplyTo, createdAt }) => inReplyTo === null && createdAt.getTime() >= since)
      .reverse()
      .slice(0, limit)
    return c.json({ data: posts.map((post) => pick(c, describePost(kit, post))) })
  })

  app.get('/:id', (c) => {
    const { person } = requireCaller(kit, c, BASIC)
    const container = containers.find(c.req.param('id'))
    if (container?.ownerId === person.id) return c.json(pick(c, describeContainer(containers, container)))
    const post = world.post(c.req.param('id'))
    if (post?.personId !== person.id) throw notThere()
    return c.json(pick(c, describePost(kit, post)))
  })

  app.delete('/:id', (c) => {
    const { person, found } = requireCaller(kit, c, BASIC)
    requireScope(found, DELETE)
    const id = c.req.param('id')
    if (world.post(id)?.personId !== person.id) throw notThere()
    if (usageOf(kit, person.id).deletions >= QUOTAS.deletions)
      throw new GraphApiError(4, 'The profile has reached its limit of deletions.')
    world.deletePost(id)
    return c.json({ success: true, deleted_id: id })
  })
  return app
}

/** Whose profile stands in the path, as number or `me`. */
function requireOwner(kit: PlatformKit, c: Context): Caller {
  const caller = requireCaller(kit, c, BASIC)
  if (!['me', caller.person.id].includes(c.req.param('id') ?? '')) throw notThere()
  return caller
}

function requirePublisher(kit: PlatformKit, c: Context): Caller {
  const caller = requireOwner(kit, c)
  requireScope(caller.found, PUBLISH)
  if (caller.person.condition === 'restricted') throw restricted()
  return caller
}

function checkTexts({
  text = '',
  alt_text = '',
  reply_control,
  topic_tag,
  link_attachment,
}: Record<string, string>) {
  if (countCharacters(text) > MAX_CHARACTERS)
    throw faulty(`Param text must be at most ${MAX_CHARACTERS} characters long.`)
  if (alt_text.length > MAX_ALT_TEXT)
    throw faulty(`Param alt_text must be at most ${MAX_ALT_TEXT} characters long.`)
  if (countLinks(text, link_attachment) > MAX_LINKS) throw faulty('THREADS_API__LINK_LIMIT_EXCEEDED')
  if (reply_control !== undefined && !REPLY_CONTROLS.includes(reply_control))
    throw faulty(`Param reply_control must be one of ${REPLY_CONTROLS.join(', ')}.`)
  if (topic_tag !== undefined && !/^[^.&]{1,50}$/u.test(topic_tag))
    throw faulty('Param topic_tag is not valid.')
}

async function makeContainer(
  kit: PlatformKit,
  containers: Containers,
  { person }: Caller,
  parameters: Record<string, string>,
): Promise<Container> {
  const { media_type: mediaType = '', text = '', image_url, video_url, link_attachment } = parameters
  const isItem = parameters.is_carousel_item === 'true'
  const { access_token: _, ...kept } = parameters
  const of = { ownerId: person.id, mediaType, isItem, text: isItem ? '' : text, parameters: kept }
  if (link_attachment !== undefined && mediaType !== 'TEXT')
    throw faulty('Param link_attachment is for text posts only.')
  switch (mediaType) {
    case 'TEXT':
      if (text === '') throw faulty('Param text is required for text posts.')
      if (isItem) throw faulty('A carousel holds images and videos only.')
      return containers.add(of)
    case 'IMAGE':
      return containers.addWithFile(of, await fetchImage(kit, image_url))
    case 'VIDEO':
      if (!video_url) throw faulty('Param video_url is required.')
      return containers.addAndFetch(of, kit.reach(video_url), refuseVideo)
    case 'CAROUSEL':
      return containers.add({ ...of, children: childrenOf(containers, person.id, parameters.children) })
    default:
      throw faulty('Param media_type must be one of TEXT, IMAGE, VIDEO, CAROUSEL.')
  }
}

async function fetchImage(kit: PlatformKit, url: string | undefined): Promise<PulledFile> {
  if (!url) throw faulty('Param image_url is required.')
  const file = await pullFile(kit.reach(url))
  if (!file) throw new GraphApiError(9004, 'The media could not be fetched.', { subcode: 2_207_052 })
  if (!['image/jpeg', 'image/png'].includes(file.mimeType))
    throw new GraphApiError(36001, 'The image format is not supported.', { subcode: 2_207_005 })
  if (file.file.bytes > MAX_IMAGE_BYTES)
    throw new GraphApiError(36000, 'The image is too large.', { subcode: 2_207_004 })
  return file
}

function refuseVideo(file: PulledFile | null): string | null {
  if (!file) return 'FAILED_DOWNLOADING_VIDEO'
  const isVideo = ['video/mp4', 'video/quicktime'].includes(file.mimeType)
  return isVideo && file.file.bytes <= MAX_VIDEO_BYTES ? null : 'FAILED_PROCESSING_VIDEO'
}

function childrenOf(containers: Containers, personId: string, ids = ''): Container[] {
  const children = ids.split(',').map((id) => containers.find(id))
  const own = children.filter((child) => child?.ownerId === personId && child.isItem)
  if (own.length !== children.length || children.length < ITEMS.min || children.length > ITEMS.max)
    throw faulty(`Param children must name ${ITEMS.min} to ${ITEMS.max} carousel items.`)
  return own.flatMap((child) => child ?? [])
}

function describeContainer(containers: Containers, container: Container) {
  const { id, problem } = container
  return { id, status: containers.stateOf(container), ...(problem !== null && { error_message: problem }) }
}

function describePost(kit: PlatformKit, { id, personId, text, createdAt, facts, inReplyTo }: Post) {
  const person = kit.world.person(personId ?? '')
  return {
    id,
    media_product_type: 'THREADS',
    media_type: facts.mediaType === 'TEXT' ? 'TEXT_POST' : facts.mediaType,
    permalink: `${kit.base()}/www/@${person?.handle}/post/${facts.shortcode}`,
    shortcode: facts.shortcode,
    username: person?.handle,
    text,
    timestamp: writeTime(createdAt),
    is_reply: inReplyTo !== null,
  }
}

const faulty = (message: string) => new GraphApiError(100, message)

/** What is not there, and what is not there yet. */
export const notThere = (subcode?: number) =>
  new GraphApiError(24, 'The requested resource does not exist', subcode === undefined ? {} : { subcode })

export const restricted = () => new GraphApiError(10, 'The user is restricted.', { subcode: 4_279_013 })
