import { isBlobRef } from './blobs.js'
import { invalidRequest } from './errors.js'

/** The collection of posts, which is also the type of its records. */
export const POSTS = 'app.bsky.feed.post'

const LINK = 'app.bsky.richtext.facet#link'
const MENTION = 'app.bsky.richtext.facet#mention'
const TAG = 'app.bsky.richtext.facet#tag'
const DATETIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/
const URI = /^\w+:(\/\/)?[^\s/]\S*$/
const DID = /^did:[a-z]+:[\w.:%-]*[\w.-]$/

type Fields = Record<string, unknown>

/**
 * Checks a post against the rules of its lexicons. Embeds and fields that they do not name pass unseen.
 * @see https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json
 * @throws XrpcError that names the place
 */
export function validatePost(record: Fields): void {
  const at = '$.record'
  if (record.$type !== POSTS) fail(`Invalid $type (expected "${POSTS}", got "${record.$type}")`, at)
  requireText(record, 'text', at, { bytes: 3000, graphemes: 300 })
  const createdAt = requireText(record, 'createdAt', at)
  if (!DATETIME.test(createdAt) || Number.isNaN(Date.parse(createdAt)))
    fail(`Invalid datetime (got "${createdAt}")`, `${at}.createdAt`)
  listOf(record, 'langs', at, 3).forEach((language, index) => {
    if (typeof language !== 'string' || !isLanguage(language))
      fail(`Invalid language (got "${language}")`, `${at}.langs[${index}]`)
  })
  listOf(record, 'tags', at, 8)
  listOf(record, 'facets', at).forEach((facet, index) => {
    checkFacet(objectOf(facet, `${at}.facets[${index}]`), `${at}.facets[${index}]`)
  })
  if (record.embed === undefined) return
  const embed = objectOf(record.embed, `${at}.embed`)
  EMBEDS[String(embed.$type)]?.(embed, `${at}.embed`)
}

function checkFacet(facet: Fields, at: string): void {
  const index = objectOf(required(facet, 'index', at), `${at}.index`)
  for (const name of ['byteStart', 'byteEnd'])
    requireInteger(required(index, name, `${at}.index`), 0, `${at}.index.${name}`)
  required(facet, 'features', at)
  listOf(facet, 'features', at).forEach((one, number) => {
    const place = `${at}.features[${number}]`
    const feature = objectOf(one, place)
    if (feature.$type === LINK) {
      const uri = requireText(feature, 'uri', place)
      if (!URI.test(uri)) fail(`Invalid uri (got "${uri}")`, `${place}.uri`)
    } else if (feature.$type === MENTION) {
      const did = requireText(feature, 'did', place)
      if (!DID.test(did)) fail(`Invalid did (got "${did}")`, `${place}.did`)
    } else if (feature.$type === TAG) requireText(feature, 'tag', place, { bytes: 640, graphemes: 64 })
  })
}

/** By type, what an embed must be; the others are not looked at. */
const EMBEDS: Readonly<Record<string, (embed: Fields, at: string) => void>> = {
  'app.bsky.embed.images'(embed, at) {
    required(embed, 'images', at)
    listOf(embed, 'images', at, 4).forEach((one, index) => {
      const place = `${at}.images[${index}]`
      const image = objectOf(one, place)
      checkBlob(required(image, 'image', place), 'image/', 2_000_000, `${place}.image`)
      requireText(image, 'alt', place)
      checkAspectRatio(image, place)
    })
  },
  'app.bsky.embed.external'(embed, at) {
    const place = `${at}.external`
    const card = objectOf(required(embed, 'external', at), place)
    const uri = requireText(card, 'uri', place)
    if (!URI.test(uri)) fail(`Invalid uri (got "${uri}")`, `${place}.uri`)
    requireText(card, 'title', place)
    requireText(card, 'description', place)
    if (card.thumb !== undefined) checkBlob(card.thumb, 'image/', 1_000_000, `${place}.thumb`)
  },
  'app.bsky.embed.video'(embed, at) {
    checkBlob(required(embed, 'video', at), 'video/mp4', 300_000_000, `${at}.video`)
    checkAspectRatio(embed, at)
  },
}

function checkBlob(value: unknown, mimeType: string, maxBytes: number, at: string): void {
  if (!isBlobRef(value)) fail('Expected blob value type', at)
  if (!value.mimeType.startsWith(mimeType)) {
    const wanted = mimeType.endsWith('/') ? `${mimeType}*` : mimeType
    fail(`Expected "${wanted}" (got "${value.mimeType}")`, `${at}.mimeType`)
  }
  if (value.size > maxBytes) fail(`blob too big (maximum ${maxBytes}, got ${value.size})`, at)
}

function checkAspectRatio({ aspectRatio }: Fields, at: string): void {
  if (aspectRatio === undefined) return
  const place = `${at}.aspectRatio`
  const ratio = objectOf(aspectRatio, place)
  for (const side of ['width', 'height']) requireInteger(required(ratio, side, place), 1, `${place}.${side}`)
}

function requireText(
  fields: Fields,
  name: string,
  at: string,
  max: { bytes: number; graphemes: number } | null = null,
): string {
  const value = required(fields, name, at)
  const place = `${at}.${name}`
  if (typeof value !== 'string') return fail(`Expected string value type (got ${typeof value})`, place)
  if (!max) return value
  const bytes = Buffer.byteLength(value)
  if (bytes > max.bytes) fail(`string too big (maximum ${max.bytes}, got ${bytes})`, place)
  const graphemes = [...new Intl.Segmenter().segment(value)].length
  if (graphemes > max.graphemes) fail(`grapheme too big (maximum ${max.graphemes}, got ${graphemes})`, place)
  return value
}

function requireInteger(value: unknown, min: number, at: string): void {
  if (!Number.isSafeInteger(value)) fail(`Expected integer value type (got ${typeof value})`, at)
  if (Number(value) < min) fail(`integer too small (minimum ${min}, got ${value})`, at)
}

/** Empty when there is none. */
function listOf(fields: Fields, name: string, at: string, max = Number.POSITIVE_INFINITY): unknown[] {
  const value = fields[name]
  const place = `${at}.${name}`
  if (value === undefined) return []
  if (!Array.isArray(value)) return fail(`Expected array value type (got ${typeof value})`, place)
  if (value.length > max) fail(`array too big (maximum ${max}, got ${value.length})`, place)
  return value
}

function objectOf(value: unknown, at: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  return fail(`Expected object value type (got ${typeof value})`, at)
}

function required(fields: Fields, name: string, at: string): unknown {
  return fields[name] === undefined ? fail(`Missing required key "${name}"`, at) : fields[name]
}

function isLanguage(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1
  } catch {
    return false
  }
}

function fail(problem: string, at: string): never {
  throw invalidRequest(`Invalid ${POSTS} record: ${problem} at ${at}`)
}
