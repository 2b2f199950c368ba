import { type Context, Hono } from 'hono'
import { pick } from '../meta/access.js'
import { type Container, Containers } from '../meta/containers.js'
import { GraphApiError } from '../meta/errors.js'
import { readParameters, writeTime } from '../meta/parameters.js'
import { noSuchObject } from '../meta/person-routes.js'
import type { PlatformKit } from '../platform.js'
import { type PulledFile, pullFile } from '../pull.js'
import type { Post } from '../world.js'
import { type ActingAccount, type RequireAccount, restricted } from './acting-account.js'
import { commentsBelow, createCommentRoutes } from './comments.js'

/** Posts per account and day. */
export const QUOTA = 50
const MAX_CONTAINERS = 400
const MAX_CAPTION = 2200
const MAX_HASHTAGS = 30
const MAX_ALT_TEXT = 1000
const ITEMS = { min: 2, max: 10 }
const MAX_IMAGE_BYTES = 8_000_000
const MAX_BYTES = { REELS: 300_000_000, VIDEO: 300_000_000, STORIES: 100_000_000 }
const DAY_MS = 24 * 3600 * 1000

/**
 * Containers and posts, the same on both ways. Words and codes of refusals are made up where the documentation names none.
 * @see https://developers.facebook.com/documentation/instagram-platform/content-publishing
 */
export function createPublishingRoutes(kit: PlatformKit, requireAccount: RequireAccount): Hono {
  const { world } = kit
  const containers = new Containers(kit)
  const app = new Hono()
  app.route('/', createCommentRoutes(kit, requireAccount))

  app.post('/:id/media', async (c) => {
    const account = requirePublisher(requireAccount, c)
    if (containers.countOfDay(account.id) >= MAX_CONTAINERS)
      throw new GraphApiError(9, 'Too many containers were made within a day.', { subcode: 2_207_042 })
    const { id } = await makeContainer(kit, containers, account, await readParameters(c))
    return c.json({ id })
  })

  app.post('/:id/media_publish', async (c) => {
    const account = requirePublisher(requireAccount, c)
    const { creation_id = '' } = await readParameters(c)
    const container = containers.find(creation_id)
    if (!container || container.ownerId !== account.id) throw noSuchMedia()
    if (container.isItem) throw faulty('A carousel item cannot be published by itself.')
    const state = containers.stateOf(container)
    if (state === 'PUBLISHED') throw faulty('The media was published already.')
    if (state === 'EXPIRED') throw noSuchMedia()
    if (state !== 'FINISHED')
      throw new GraphApiError(9007, 'Media ID is not available', { subcode: 2_207_027 })
    if (countOfDay(kit, account) >= QUOTA)
      throw new GraphApiError(9, 'Application request limit reached', { subcode: 2_207_042 })
    const isStory = container.mediaType === 'STORIES'
    const post = world.addPost({
      id: `178${kit.random.digits(14)}`,
      ...account.place,
      text: container.text,
      media: containers.filesOf(container),
      body: container.parameters,
      facts: { shortcode: kit.random.text(11), mediaType: container.mediaType, isStory },
    })
    container.publishedAs = post.id
    return c.json({ id: post.id })
  })

  const list = (isStory: boolean) => (c: Context) => {
    const account = requireAccount(c, c.req.param('id') ?? '', 'read')
    const limit = Math.min(Number(c.req.query('limit') ?? 25) || 25, 100)
    const posts = postsOf(kit, account)
      .filter(({ facts }) => facts.isStory === isStory)
      .reverse()
      .slice(0, limit)
    return c.json({ data: posts.map((post) => pick(c, describePost(kit, account, post))) })
  }
  app.get('/:id/media', list(false))
  app.get('/:id/stories', list(true))

  app.get('/:id', (c, next) => {
    const id = c.req.param('id')
    const container = containers.find(id)
    const post = world.post(id)
    if (!container && !post) return next()
    const account = requireAccount(c, null, 'read')
    if (container?.ownerId === account.id) return c.json(pick(c, describeContainer(containers, container)))
    const own = postsOf(kit, account).find((one) => one.id === id)
    if (!own) throw noSuchObject(id)
    return c.json(pick(c, describePost(kit, account, own)))
  })
  return app
}

/** How many posts of an account were published within a day. */
export const countOfDay = (kit: PlatformKit, account: Pick<ActingAccount, 'place'>): number =>
  postsOf(kit, account).filter(({ createdAt }) => createdAt.getTime() > kit.now().getTime() - DAY_MS).length

const postsOf = ({ world }: PlatformKit, { place }: Pick<ActingAccount, 'place'>): Post[] =>
  world
    .posts(place.resourceId === null ? { personId: place.personId } : { resourceId: place.resourceId })
    .filter(({ resourceId, inReplyTo }) => resourceId === place.resourceId && inReplyTo === null)

function requirePublisher(requireAccount: RequireAccount, c: Context): ActingAccount {
  const account = requireAccount(c, c.req.param('id') ?? '', 'publish')
  if (account.isRestricted) throw restricted()
  return account
}

async function makeContainer(
  kit: PlatformKit,
  containers: Containers,
  { id: ownerId }: ActingAccount,
  { access_token: _token, appsecret_proof: _proof, ...parameters }: Record<string, string>,
): Promise<Container> {
  const {
    media_type: mediaType = 'IMAGE',
    caption = '',
    image_url,
    video_url,
    cover_url,
    alt_text = '',
  } = parameters
  const isItem = parameters.is_carousel_item === 'true'
  checkCaption(caption)
  if (alt_text.length > MAX_ALT_TEXT) throw faulty('Param alt_text is too long.')
  if (alt_text !== '' && video_url !== undefined) throw faulty('Param alt_text is for images only.')
  const text = isItem || mediaType === 'STORIES' ? '' : caption
  const of = { ownerId, mediaType, isItem, text, parameters }
  switch (mediaType) {
    case 'CAROUSEL':
      return containers.add({ ...of, children: childrenOf(containers, ownerId, parameters.children) })
    case 'VIDEO':
      if (!isItem) throw faulty('The media type VIDEO is no longer supported. Use REELS to publish a video.')
      break
    case 'IMAGE':
    case 'REELS':
    case 'STORIES':
      break
    default:
      throw faulty('Param media_type must be one of IMAGE, CAROUSEL, REELS, STORIES.')
  }
  const isVideo = mediaType === 'REELS' || mediaType === 'VIDEO' || (mediaType === 'STORIES' && !image_url)
  if (!isVideo) return containers.addWithFile(of, await fetchImage(kit, image_url))
  if (!video_url) throw faulty('Param video_url is required.')
  if (cover_url !== undefined) await fetchImage(kit, cover_url)
  const most = MAX_BYTES[mediaType as keyof typeof MAX_BYTES]
  return containers.addAndFetch(of, kit.reach(video_url), (file) => refuseVideo(file, most))
}

function checkCaption(caption: string): void {
  const hashtags = caption.match(/[#＃][\p{L}\p{N}_]+/gu) ?? []
  if ([...caption].length > MAX_CAPTION || hashtags.length > MAX_HASHTAGS)
    throw new GraphApiError(36004, 'The caption is too long.', { subcode: 2_207_010 })
}

async function fetchImage(kit: PlatformKit, url: string | undefined): Promise<PulledFile> {
  if (!url) throw faulty('Param image_url is required.')
  const file = await pullFile(kit.reach(url))
  if (!file)
    throw new GraphApiError(9004, 'Only photo or video can be accepted as media type.', {
      subcode: 2_207_052,
    })
  if (file.mimeType !== 'image/jpeg')
    throw new GraphApiError(36001, 'The image format is not supported.', { subcode: 2_207_005 })
  if (file.file.bytes > MAX_IMAGE_BYTES)
    throw new GraphApiError(36000, 'The image size is too large.', { subcode: 2_207_004 })
  return file
}

function refuseVideo(file: PulledFile | null, maxBytes: number): string | null {
  if (!file) return 'Error: Media download has failed with error code 2207052'
  const isVideo = ['video/mp4', 'video/quicktime'].includes(file.mimeType)
  return isVideo && file.file.bytes <= maxBytes
    ? null
    : 'Error: Media upload has failed with error code 2207026'
}

function childrenOf(containers: Containers, ownerId: string, ids = ''): Container[] {
  const children = ids.split(',').map((id) => containers.find(id))
  const own = children.flatMap((child) => (child?.ownerId === ownerId && child.isItem ? child : []))
  if (own.length !== children.length || own.length < ITEMS.min || own.length > ITEMS.max)
    throw new GraphApiError(100, `A carousel has ${ITEMS.min} to ${ITEMS.max} items.`, { subcode: 2_207_028 })
  return own
}

const STATES: Readonly<Record<string, string>> = {
  IN_PROGRESS: 'In Progress: Media is still being processed.',
  FINISHED: 'Finished: Media has been uploaded and it is ready to be published.',
  EXPIRED: 'Expired: Media was not published within 24 hours.',
  PUBLISHED: 'Published: Media has been successfully published.',
}

function describeContainer(containers: Containers, container: Container) {
  const { id, problem } = container
  const status_code = containers.stateOf(container)
  return { id, status_code, status: problem ?? STATES[status_code] }
}

function describePost(kit: PlatformKit, { handle }: ActingAccount, { id, text, createdAt, facts }: Post) {
  const kind = facts.mediaType === 'REELS' ? 'reel' : 'p'
  return {
    id,
    ...(text !== '' && { caption: text }),
    media_type:
      facts.mediaType === 'CAROUSEL' ? 'CAROUSEL_ALBUM' : facts.mediaType === 'REELS' ? 'VIDEO' : 'IMAGE',
    permalink: `${kit.base()}/www/${facts.isStory ? `stories/${handle}/${id}` : `${kind}/${facts.shortcode}`}/`,
    shortcode: facts.shortcode,
    timestamp: writeTime(createdAt),
    username: handle,
    comments_count: commentsBelow(kit.world, id).length,
  }
}

const faulty = (message: string) => new GraphApiError(100, message)

const noSuchMedia = () =>
  new GraphApiError(24, 'The requested resource does not exist', { subcode: 2_207_006 })
