import { type Context, Hono } from 'hono'
import { IncomingFile } from '../incoming-file.js'
import { pick } from '../meta/access.js'
import { GraphApiError } from '../meta/errors.js'
import { readParameters, writeTime } from '../meta/parameters.js'
import { noSuchObject } from '../meta/person-routes.js'
import type { PlatformKit } from '../platform.js'
import { pullFile } from '../pull.js'
import type { Media, Post, Resource, World } from '../world.js'
import { createCommentRoutes, deleteWithComments } from './comments.js'
import { type PageCaller, requirePage, requirePublisher } from './page-access.js'
import { createVideoRoutes } from './video-routes.js'
import type { Videos } from './videos.js'

const MAX_MESSAGE = 63_206
const MAX_PHOTO_BYTES = 10_000_000
const PHOTO_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/bmp', 'image/tiff', 'image/webp']
/** Uploads that were not posted are forgotten. */
const PHOTO_LIFE_MS = 24 * 3600 * 1000

/**
 * Posts, photos, stories and what is read of them. Words of refusals are made up where the documentation names none.
 * @see https://developers.facebook.com/documentation/pages-api/posts
 */
export function createPublishingRoutes(kit: PlatformKit, videos: Videos): Hono {
  const { world } = kit
  const app = new Hono()
  app.route('/', createVideoRoutes(kit, videos))
  app.route('/', createCommentRoutes(kit))

  app.post('/:page/photos', async (c) => {
    const caller = requirePublisher(kit, c)
    const parameters = await readParameters(c)
    const { file, mimeType } = await readPhoto(kit, c, parameters.url)
    if (!PHOTO_TYPES.includes(mimeType)) throw faulty('Invalid parameter: the file is no photo.', 1_366_046)
    if (file.bytes > MAX_PHOTO_BYTES)
      throw faulty('Your photos couldn’t be uploaded. They are too large.', 1_366_046)
    const media = file.finish(world, {
      id: `95${kit.random.digits(14)}`,
      personId: caller.person.id,
      mimeType,
      altText: parameters.alt_text_custom ?? null,
      facts: { pageId: caller.page.id },
    })
    if (parameters.published === 'false') return c.json({ id: media.id })
    const post = addPost(kit, caller, parameters.message ?? parameters.caption ?? '', [media], parameters)
    return c.json({ id: media.id, post_id: post.id })
  })

  app.post('/:page/feed', async (c) => {
    const caller = requirePublisher(kit, c)
    const parameters = await readParameters(c)
    const { message = '', link } = parameters
    const photos = readAttached(parameters).map((id) => findPhoto(kit, caller, id))
    if (message === '' && !link && photos.length === 0)
      throw faulty('Invalid parameter: a post needs a message, a link or attached media.')
    if ([...message].length > MAX_MESSAGE) throw faulty('Invalid parameter: the message is too long.')
    if (link !== undefined && !URL.canParse(link)) throw faulty('(#100) link URL is not properly formatted')
    if (link !== undefined && photos.length > 0)
      throw faulty('Only one of link and attached_media may be given.')
    const post = addPost(kit, caller, message, photos, parameters)
    return c.json(pick(c, describePost(kit, post)))
  })

  app.post('/:page/photo_stories', async (c) => {
    const caller = requirePublisher(kit, c)
    const { photo_id = '' } = await readParameters(c)
    const photo = findPhoto(kit, caller, photo_id)
    const post = addPost(kit, caller, '', [photo], { photo_id }, { mediaId: photo.id })
    return c.json({ success: true, post_id: post.id })
  })

  for (const edge of ['published_posts', 'feed']) {
    app.get(`/:page/${edge}`, (c) => {
      const { page } = requirePage(kit, c)
      if (c.req.param('page') !== page.id && c.req.param('page') !== 'me')
        throw noSuchObject(c.req.param('page') ?? '')
      const since = Number(c.req.query('since') ?? 0) * 1000
      const posts = postsOf(world, page)
        .filter(({ createdAt, facts }) => facts.mediaId === undefined && createdAt.getTime() >= since)
        .reverse()
      return c.json(
        paginate(
          c,
          posts.map((post) => pick(c, describePost(kit, post))),
        ),
      )
    })
  }

  app.get('/:page/stories', (c) => {
    const { page } = requirePage(kit, c)
    const stories = postsOf(world, page).filter(({ facts }) => facts.mediaId !== undefined)
    return c.json({
      data: stories.map(({ id, facts, createdAt }) => ({
        post_id: id,
        media_id: facts.mediaId,
        status: 'PUBLISHED',
        creation_time: String(Math.floor(createdAt.getTime() / 1000)),
      })),
    })
  })

  app.get('/:id', (c, next) => {
    const id = c.req.param('id')
    const post = world.post(id)
    const video = videos.find(id)
    if (!post && !video) return next()
    const { page } = requirePage(kit, c)
    if ((post?.resourceId ?? video?.pageId) !== page.id) throw noSuchObject(id)
    return c.json(
      pick(c, {
        ...(post ? describePost(kit, post) : { id }),
        ...(video && { status: videos.describe(video) }),
      }),
    )
  })

  app.delete('/:id', (c) => {
    const { page } = requirePage(kit, c, 'pages_manage_posts')
    const id = c.req.param('id')
    if (world.post(id)?.resourceId !== page.id) throw noSuchObject(id)
    deleteWithComments(world, id)
    return c.json({ success: true })
  })
  return app
}

/** Without comments, which stand below posts. */
const postsOf = (world: World, { id }: Resource): Post[] =>
  world.posts({ resourceId: id }).filter(({ inReplyTo }) => inReplyTo === null)

/** The file of a form, or that of an address. */
async function readPhoto(kit: PlatformKit, c: Context, url: string | undefined) {
  const { source } = await c.req.parseBody()
  if (source instanceof File) {
    const file = new IncomingFile()
    file.append(new Uint8Array(await source.arrayBuffer()))
    return { file, mimeType: source.type }
  }
  if (url === undefined) throw new GraphApiError(324, '(#324) Requires upload file')
  const pulled = await pullFile(kit.reach(url))
  if (!pulled) throw faulty('Missing or invalid image file: it could not be fetched.')
  return pulled
}

/** Ids of `attached_media`, which is a list in JSON or one parameter for each. */
function readAttached(parameters: Record<string, string>): string[] {
  const single = Object.entries(parameters).filter(([name]) => /^attached_media\[\d+\]$/.test(name))
  const texts = parameters.attached_media ?? `[${single.map(([, value]) => value).join(',')}]`
  try {
    const parsed = JSON.parse(texts) as { media_fbid: unknown }[]
    return parsed.map(({ media_fbid }) => String(media_fbid))
  } catch {
    throw faulty('Invalid parameter: attached_media must be a list of objects with media_fbid.')
  }
}

/** A photo of the Page that was not posted yet. */
function findPhoto(kit: PlatformKit, { page }: PageCaller, id: string): Media {
  const photo = kit.world.media(id)
  const isOwn = photo?.facts.pageId === page.id
  const isAlive = photo && kit.now().getTime() - photo.createdAt.getTime() < PHOTO_LIFE_MS
  if (!photo || !isOwn || !isAlive) throw noSuchObject(id)
  const isPosted = kit.world
    .posts({ resourceId: page.id })
    .some(({ media }) => media.some((one) => one.id === id))
  if (isPosted) throw faulty('Invalid parameter: the photo was already posted.')
  return photo
}

/** @param story what is shown for a day only */
function addPost(
  kit: PlatformKit,
  { person, page }: PageCaller,
  text: string,
  media: readonly Media[],
  { access_token: _token, appsecret_proof: _proof, ...body }: Record<string, string>,
  story?: { mediaId: string },
): Post {
  return kit.world.addPost({
    id: `${page.id}_${kit.random.digits(15)}`,
    personId: person.id,
    resourceId: page.id,
    text,
    media,
    body,
    facts: { link: body.link ?? null, ...story },
  })
}

function describePost(kit: PlatformKit, { id, text, createdAt, media, facts }: Post) {
  const [first] = media
  const link = typeof facts.link === 'string' ? facts.link : null
  const targets = media.map((one) => ({ target: { id: one.id }, media_type: 'photo' }))
  const attachment = first
    ? media.length > 1
      ? { media_type: 'album', subattachments: { data: targets } }
      : { media_type: facts.isVideo === true ? 'video' : 'photo', target: { id: first.id } }
    : link && { media_type: 'link', unshimmed_url: link }
  return {
    id,
    ...(text !== '' && { message: text }),
    created_time: writeTime(createdAt),
    permalink_url:
      typeof facts.path === 'string' ? facts.path : `${kit.base()}/www/${id.replace('_', '/posts/')}`,
    ...(attachment && { attachments: { data: [attachment] } }),
  }
}

/** A part of a list, with a cursor; `next` is there only where more follows. */
function paginate(c: Context, items: readonly unknown[]) {
  const limit = Math.min(Math.max(Number(c.req.query('limit') ?? 25) || 25, 1), 100)
  const start = Number(c.req.query('after')) || 0
  const data = items.slice(start, start + limit)
  const after = start + data.length
  if (data.length === 0) return { data }
  const cursors = { before: String(start), after: String(after) }
  return { data, paging: { cursors, ...(after < items.length && { next: `${c.req.url}&after=${after}` }) } }
}

const faulty = (message: string, subcode?: number) =>
  new GraphApiError(100, message, subcode === undefined ? {} : { subcode })
