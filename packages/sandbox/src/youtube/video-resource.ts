import { ApiError } from './errors.js'

/** What a request says of a video. @see https://developers.google.com/youtube/v3/docs/videos#resource */
export interface VideoResource {
  title: string
  description: string
  tags: readonly string[]
  categoryId: string
  defaultLanguage: string | undefined
  privacyStatus: 'public' | 'unlisted' | 'private'
  license: string
  embeddable: boolean
  madeForKids: boolean
  containsSyntheticMedia: boolean
}

const PRIVACY = ['public', 'unlisted', 'private']
/** Assignable categories of the United States. */
const CATEGORIES = ['1', '2', '10', '15', '17', '19', '20', '22', '23', '24', '25', '26', '27', '28', '29']

const invalid = (reason: string, message: string) =>
  new ApiError(400, reason, message, { domain: 'youtube.video' })

/**
 * Reads a video resource as videos.insert does.
 * @param parts what the request says it holds
 * @throws ApiError
 */
export function readResource(body: unknown, parts: readonly string[]): VideoResource {
  const whole = objectOf(body)
  const snippet = objectOf(whole.snippet)
  const status = objectOf(whole.status)
  for (const name of Object.keys(whole))
    if (!parts.includes(name)) throw invalid('unexpectedPart', `'${name}' is not part of the request.`)

  const title = textOf(snippet.title).trim()
  if (title === '' || title.length > 100 || /[<>]/.test(title))
    throw invalid('invalidTitle', 'The request metadata specifies an invalid or empty video title.')
  const description = textOf(snippet.description)
  if (Buffer.byteLength(description) > 5000 || /[<>]/.test(description))
    throw invalid('invalidDescription', 'The request metadata specifies an invalid video description.')
  const tags = Array.isArray(snippet.tags) ? snippet.tags.map(textOf) : []
  const tagged = tags.map((tag) => (tag.includes(' ') ? `"${tag}"` : tag)).join(',')
  if (tagged.length > 500 || tags.some((tag) => tag === '' || /[<>]/.test(tag)))
    throw invalid('invalidTags', 'The request metadata specifies invalid video keywords.')
  const categoryId = snippet.categoryId === undefined ? '22' : textOf(snippet.categoryId)
  if (!CATEGORIES.includes(categoryId))
    throw invalid('invalidCategoryId', 'The request metadata specifies an invalid category ID.')
  const privacyStatus = status.privacyStatus === undefined ? 'public' : textOf(status.privacyStatus)
  if (
    !isPrivacy(privacyStatus) ||
    !['undefined', 'youtube', 'creativeCommon'].includes(String(status.license))
  )
    throw invalid('invalidVideoMetadata', 'The request metadata is invalid.')
  return {
    title,
    description,
    tags,
    categoryId,
    defaultLanguage: snippet.defaultLanguage === undefined ? undefined : textOf(snippet.defaultLanguage),
    privacyStatus,
    license: status.license === undefined ? 'youtube' : textOf(status.license),
    embeddable: status.embeddable !== false,
    madeForKids: status.selfDeclaredMadeForKids === true,
    containsSyntheticMedia: status.containsSyntheticMedia === true,
  }
}

const isPrivacy = (text: string): text is VideoResource['privacyStatus'] => PRIVACY.includes(text)

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}

function textOf(value: unknown): string {
  if (value === undefined) return ''
  if (typeof value !== 'string') throw invalid('invalidVideoMetadata', 'The request metadata is invalid.')
  return value
}
