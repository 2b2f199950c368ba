import { Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { Media, Post } from '../world.js'
import { requireAuthor, requireMember } from './access.js'
import { isObject, readBody } from './body.js'
import { ApiError } from './errors.js'
import { readLittleText } from './little-text.js'
import type { Uploads } from './uploads.js'

const MAX_LENGTH = 3000
const MAX_IMAGES = 20
const MAX_ALT_TEXT = 4086
/** For about so long an identical post is refused. */
const DUPLICATE_SECONDS = 600
const VISIBILITIES = ['PUBLIC', 'CONNECTIONS', 'LOGGED_IN']
const FIELDS = [
  ...['author', 'commentary', 'visibility', 'distribution', 'lifecycleState', 'isReshareDisabledByAuthor'],
  ...['content', 'contentLandingPage', 'contentCallToActionLabel', 'reshareContext'],
]

/** Posts. @see https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api */
export function createPosts(kit: PlatformKit, uploads: Uploads): Hono {
  const { world } = kit
  const app = new Hono()

  app.post('/rest/posts', async (c) => {
    const body = await readBody(c)
    const person = requireAuthor(kit, c, body.author, 'posts.CREATE')
    const author = String(body.author)
    refuseUnlikePosts(body)
    const { text, media } = readPost(body, author)
    const signature = JSON.stringify([body.commentary, body.content ?? null])
    const since = kit.now().getTime() - DUPLICATE_SECONDS * 1000
    const same = world
      .posts()
      .find(
        ({ facts, createdAt }) =>
          facts.author === author && facts.signature === signature && createdAt.getTime() > since,
      )
    if (same) throw new ApiError(422, `Content is a duplicate of ${same.id}`, { code: 'DUPLICATE_POST' })
    const pageId = pageOf(author)
    const kind = media.some(({ mimeType }) => mimeType.startsWith('video/')) ? 'ugcPost' : 'share'
    const post = world.addPost({
      id: `urn:li:${kind}:7${world.snowflake()}`,
      // What a page says is not said by whoever wrote it there.
      personId: pageId === null ? person.id : null,
      resourceId: pageId,
      text,
      media,
      isPublic: body.visibility === 'PUBLIC',
      body,
      facts: { author, signature },
    })
    return c.body(null, 201, { 'x-restli-id': post.id, 'x-linkedin-id': post.id })
  })

  app.get('/rest/posts', (c) => {
    const { q, author = '', start = '0', count = '10', sortBy = 'LAST_MODIFIED' } = c.req.query()
    if (
      q !== 'author' ||
      c.req.header('x-restli-method') !== 'FINDER' ||
      !/^(?:CREATED|LAST_MODIFIED)$/.test(sortBy)
    )
      throw new ApiError(400, 'The finder is not known.', { code: 'ILLEGAL_ARGUMENT' })
    const scope = pageOf(author) === null ? 'r_member_social' : 'r_organization_social'
    requireMember(kit, c, scope, 'posts.FINDER-author')
    const all = world.posts().filter(({ facts }) => facts.author === author)
    const shown = all.reverse().slice(Number(start), Number(start) + Number(count))
    return c.json({
      paging: { start: Number(start), count: Number(count), links: [] },
      elements: shown.map(describePost),
    })
  })

  app.delete('/rest/posts/:urn', (c) => {
    const urn = c.req.param('urn')
    const post = world.posts().find(({ id, inReplyTo }) => id === urn && inReplyTo === null)
    // One that is gone is deleted like any other.
    requireAuthor(kit, c, post?.facts.author, 'posts.DELETE')
    if (post) {
      const below = world.posts().filter(({ inReplyTo }) => inReplyTo === post.id)
      for (const { id } of [post, ...below]) world.deletePost(id)
    }
    return c.body(null, 204)
  })

  /** @throws ApiError for what is not as the platform wants it */
  function readPost(
    { commentary, content }: Record<string, unknown>,
    author: string,
  ): { text: string; media: Media[] } {
    const text = readLittleText(String(commentary))
    if (text.length > MAX_LENGTH)
      throw new ApiError(400, 'The commentary is too long.', { code: 'FIELD_LENGTH_TOO_LONG' })
    if (content === undefined) return { text, media: [] }
    if (!isObject(content) || Object.keys(content).length !== 1)
      throw new ApiError(400, 'The content must be of one kind.', { code: 'ILLEGAL_ARGUMENT' })
    const { media, multiImage, article } = content
    if (isObject(article)) {
      if (typeof article.source !== 'string' || typeof article.title !== 'string')
        throw new ApiError(400, 'An article needs source and title.', { code: 'MISSING_FIELD' })
      // Readers see the card; here its address stands with the text.
      return { text: `${text}\n${article.source}`.trim(), media: [] }
    }
    if (isObject(media)) return { text, media: [attach(media, author)] }
    const images = isObject(multiImage) ? multiImage.images : undefined
    if (!Array.isArray(images) || images.length < 2 || images.length > MAX_IMAGES)
      throw new ApiError(400, `There must be 2 to ${MAX_IMAGES} images.`, { code: 'ILLEGAL_ARGUMENT' })
    return { text, media: images.map((image) => attach(image, author)) }
  }

  function attach(value: unknown, author: string): Media {
    const { id, altText = '' } = isObject(value) ? value : {}
    const asset = uploads.find(String(id))
    if (!asset || asset.owner !== author)
      throw new ApiError(403, 'The file does not belong to the author.', { code: 'ACCESS_DENIED' })
    if (!uploads.isReady(asset))
      throw new ApiError(400, `The asset ${asset.urn} is waiting for its upload.`, {
        code: 'MEDIA_ASSET_WAITING_UPLOAD',
      })
    if (typeof altText !== 'string' || altText.length > MAX_ALT_TEXT)
      throw new ApiError(400, 'The alt text is too long.', { code: 'FIELD_LENGTH_TOO_LONG' })
    return world.updateMedia(asset.urn, { altText })
  }
  return app
}

/** The id of a company page, of its URN; null for a member. */
const pageOf = (author: string): string | null => /^urn:li:organization:(\d+)$/.exec(author)?.[1] ?? null

const describePost = ({ id, createdAt, body }: Post) => ({
  ...(body as Record<string, unknown>),
  id,
  createdAt: createdAt.getTime(),
  publishedAt: createdAt.getTime(),
  lastModifiedAt: createdAt.getTime(),
  lifecycleStateInfo: { isEditedByAuthor: false },
})

function refuseUnlikePosts(body: Record<string, unknown>): void {
  const unknown = Object.keys(body).find((name) => !FIELDS.includes(name))
  if (unknown !== undefined)
    throw new ApiError(422, `/${unknown} :: unrecognized field found but not allowed`, {
      code: 'ILLEGAL_ARGUMENT',
    })
  const { commentary, visibility, distribution, lifecycleState, author } = body
  if (typeof commentary !== 'string' || !isObject(distribution))
    throw new ApiError(422, 'Commentary and distribution are required.', { code: 'MISSING_FIELD' })
  if (
    !VISIBILITIES.includes(String(visibility)) ||
    (pageOf(String(author)) !== null && visibility === 'CONNECTIONS')
  )
    throw new ApiError(422, 'The visibility is not one of those there are.', { code: 'ILLEGAL_ARGUMENT' })
  if (lifecycleState !== 'PUBLISHED')
    throw new ApiError(422, 'Posts are created as PUBLISHED only.', { code: 'ILLEGAL_ARGUMENT' })
}
