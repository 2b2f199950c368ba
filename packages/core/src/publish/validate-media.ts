import type { Media } from '../model/media.js'
import type { PostLimits } from '../provider/post-limits.js'
import type { DraftMedia, MediaKind } from '../provider/provider.js'
import { countText } from './count-text.js'
import type { Platform, Problem } from './validate-text.js'

const kinds = ['image', 'animation', 'video'] as const

const plural = { image: 'images', animation: 'animations', video: 'videos' } as const

type FileLimits = NonNullable<PostLimits['images']>

const limitsFor = (kind: MediaKind, limits: PostLimits): FileLimits | undefined => limits[plural[kind]]

const capital = (word: string) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`

/** How a file is called where it stands among others. */
const nameOf = (kind: MediaKind, index: number) => `${capital(kind)} ${index + 1}`

interface Range {
  min?: number | undefined
  max?: number | undefined
}

/** A measure of a file against its range; one that could not be found out is not held against it. */
function outside(
  found: number | null,
  range: Range | undefined,
  words: { what: string; unit: string; code: string; field: string; name: string },
): Problem[] {
  if (found === null || !range) return []
  const { min, max } = range
  const isTooSmall = min !== undefined && found < min
  if (!isTooSmall && !(max !== undefined && found > max)) return []
  const { what, unit, code, field, name } = words
  const bound = isTooSmall ? `at least ${min}` : `at most ${max}`
  const shown = Number(found.toFixed(3))
  const message = `${what} is ${shown}${unit}; ${name} takes ${bound}${unit}.`
  return [{ code, message, field, allowed: (isTooSmall ? min : max) ?? 0, found: shown }]
}

function commonProblems(
  file: Media,
  kind: MediaKind,
  limits: FileLimits,
  place: { who: string; field: string; name: string },
): Problem[] {
  const { who, field, name } = place
  const problems: Problem[] = []
  if (!limits.mimeTypes.includes(file.mimeType)) {
    const allowed = limits.mimeTypes.join(', ')
    problems.push({
      code: 'media_type_unsupported',
      message: `${who} is ${file.mimeType}; ${name} takes ${allowed}.`,
      field,
      allowed,
      found: file.mimeType,
    })
  }
  if (file.bytes > limits.maxBytes) {
    problems.push({
      code: `${kind}_too_large`,
      message: `${who} has ${file.bytes} bytes; ${name} takes at most ${limits.maxBytes}.`,
      field,
      allowed: limits.maxBytes,
      found: file.bytes,
    })
  }
  const { width, height } = file
  const pixels = width !== null && height !== null ? width * height : null
  const ratio = width !== null && height !== null ? width / height : null
  const size = { unit: ' pixels', code: `${kind}_dimensions`, field, name }
  return [
    ...problems,
    ...outside(width, limits.width, { ...size, what: `The width of ${who.toLowerCase()}` }),
    ...outside(height, limits.height, { ...size, what: `The height of ${who.toLowerCase()}` }),
    ...outside(pixels, { max: limits.maxPixels }, { ...size, what: `The area of ${who.toLowerCase()}` }),
    ...outside(ratio, limits.ratio, {
      ...size,
      what: `The ratio of width to height of ${who.toLowerCase()}`,
      unit: '',
      code: `${kind}_ratio`,
    }),
  ]
}

function videoProblems(
  file: Media,
  limits: NonNullable<PostLimits['videos']>,
  place: { who: string; field: string; name: string },
): Problem[] {
  const { who, field, name } = place
  const codec = (kind: 'video' | 'audio', found: string | null, allowed: string[] | undefined): Problem[] => {
    if (found === null || !allowed || allowed.includes(found)) return []
    const list = allowed.join(', ')
    const message = `The ${kind === 'video' ? 'pictures' : 'sound'} of ${who.toLowerCase()} ${kind === 'video' ? 'are' : 'is'} encoded as ${found}; ${name} takes ${list}.`
    return [{ code: `${kind}_codec_unsupported`, message, field, allowed: list, found }]
  }
  const seconds = file.durationMs === null ? null : file.durationMs / 1000
  return [
    ...outside(seconds, limits.seconds, {
      what: `The length of ${who.toLowerCase()}`,
      unit: ' seconds',
      code: 'video_duration',
      field,
      name,
    }),
    ...outside(file.frameRate, limits.frameRate, {
      what: `The frame rate of ${who.toLowerCase()}`,
      unit: ' frames per second',
      code: 'frame_rate_unsupported',
      field,
      name,
    }),
    ...codec('video', file.videoCodec, limits.videoCodecs),
    ...codec('audio', file.audioCodec, limits.audioCodecs),
  ]
}

function altTextProblems(
  altText: string | undefined,
  limits: FileLimits,
  place: { who: string; field: string; name: string },
): Problem[] {
  const max = limits.maxAltTextGraphemes
  const field = `${place.field}.altText`
  const about = place.who.toLowerCase()
  if (altText === undefined || altText.trim() === '') {
    if (max === 0) return []
    const message = `${place.who} has no alt text; people who cannot see it will not know what it shows.`
    return [{ code: 'alt_text_missing', severity: 'warning', message, field }]
  }
  if (max === 0) {
    const message = `${place.name} shows no alt texts; that of ${about} will not be published.`
    return [{ code: 'alt_text_not_shown', severity: 'warning', message, field }]
  }
  const found = countText(altText, 'graphemes')
  if (max === undefined || found <= max) return []
  const message = `The alt text of ${about} has ${found} characters; ${place.name} shows at most ${max}.`
  return [{ code: 'alt_text_too_long', message, field, allowed: max, found }]
}

/** What is wrong with a file whatever it is for; null: nothing. */
function missing(id: string, file: Media | undefined, field: string): Problem | null {
  if (!file) return { code: 'media_not_found', message: `There is no media ${id}.`, field }
  if (!file.deletedAt) return null
  return {
    code: 'media_expired',
    message: `The file ${file.id} is no longer kept; upload it again.`,
    field,
  }
}

/** @param limits of videos; undefined where it is none, or they have no thumbnails */
function thumbnailProblems(
  id: string,
  thumbnail: Media | undefined,
  limits: NonNullable<PostLimits['videos']>['thumbnail'],
  place: { field: string; name: string },
): Problem[] {
  const field = `${place.field}.thumbnailId`
  const gone = missing(id, thumbnail, field)
  if (gone || !thumbnail) return gone ? [gone] : []
  if (!limits) return []
  return commonProblems(
    thumbnail,
    'image',
    { max: 1, ...limits },
    { who: 'The thumbnail', field, name: place.name },
  )
}

function numberProblems(counts: Record<MediaKind, number>, { name, limits }: Platform): Problem[] {
  const field = 'content.media'
  const problems: Problem[] = []
  const present = kinds.filter((kind) => counts[kind] > 0)
  for (const kind of present) {
    const most = limitsFor(kind, limits)
    if (!most) {
      const message = `${name} takes no ${plural[kind]}.`
      problems.push({ code: 'media_not_supported', message, field })
    } else if (counts[kind] > most.max) {
      problems.push({
        code: `too_many_${plural[kind]}`,
        message: `${name} takes at most ${most.max} ${most.max === 1 ? kind : plural[kind]}; there are ${counts[kind]}.`,
        field,
        allowed: most.max,
        found: counts[kind],
      })
    }
  }
  const total = counts.image + counts.animation + counts.video
  if (limits.maxMedia !== undefined && total > limits.maxMedia) {
    problems.push({
      code: 'too_many_files',
      message: `${name} takes at most ${limits.maxMedia} files in one post; there are ${total}.`,
      field,
      allowed: limits.maxMedia,
      found: total,
    })
  }
  if (present.length > 1 && !present.every((kind) => limits.mixes?.includes(kind))) {
    const list = present.map((kind) => plural[kind]).join(' and ')
    problems.push({ code: 'media_mixed', message: `${name} takes no ${list} in one post.`, field })
  }
  return problems
}

/**
 * Problems of the files of a post.
 * @param thumbnails by id
 */
export function mediaProblems(
  media: readonly DraftMedia[],
  thumbnails: ReadonlyMap<string, Media>,
  platform: Platform,
): Problem[] {
  const { name, limits } = platform
  const counts: Record<MediaKind, number> = { image: 0, animation: 0, video: 0 }
  const ofEach = media.flatMap((item, index): Problem[] => {
    const field = `content.media.${index}`
    const { file, thumbnailId } = item
    const videos = file?.is === 'video' ? limits.videos : undefined
    const ofThumbnail =
      thumbnailId === undefined
        ? []
        : thumbnailProblems(thumbnailId, thumbnails.get(thumbnailId), videos?.thumbnail, { field, name })
    const gone = missing(item.mediaId, file, field)
    if (gone || !file) return gone ? [gone, ...ofThumbnail] : ofThumbnail
    const place = { who: nameOf(file.is, counts[file.is]++), field, name }
    const most = limitsFor(file.is, limits)
    if (!most) return ofThumbnail
    const animations = file.is === 'animation' ? limits.animations : undefined
    return [
      ...commonProblems(file, file.is, most, place),
      ...altTextProblems(item.altText, most, place),
      ...outside(
        file.frames,
        { max: animations?.maxFrames },
        {
          what: `The number of pictures in ${place.who.toLowerCase()}`,
          unit: '',
          code: 'too_many_frames',
          field,
          name,
        },
      ),
      ...(videos ? videoProblems(file, videos, place) : []),
      ...ofThumbnail,
    ]
  })
  return [...numberProblems(counts, platform), ...ofEach]
}
