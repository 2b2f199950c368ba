import type { Account } from '../model/account.js'
import type { Issue } from '../model/errors.js'
import type { Media } from '../model/media.js'
import type { Content } from '../model/post.js'
import type { PostLimits, TextUnit } from '../provider/manifest.js'
import type { Provider } from '../provider/provider.js'

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** How long a text is in a unit. `weighted` counts like graphemes unless the provider's own `validate` says more. */
export function countText(text: string, unit: TextUnit): number {
  switch (unit) {
    case 'utf8_bytes':
      return Buffer.byteLength(text, 'utf8')
    case 'utf16_units':
      return text.length
    case 'code_points':
      return [...text].length
    case 'graphemes':
    case 'weighted': {
      let count = 0
      for (const _ of segmenter.segment(text)) count++
      return count
    }
  }
}

const unitNames: Record<TextUnit, [one: string, many: string]> = {
  graphemes: ['character', 'characters'],
  utf8_bytes: ['byte', 'bytes'],
  utf16_units: ['UTF-16 unit', 'UTF-16 units'],
  code_points: ['character', 'characters'],
  weighted: ['character', 'characters'],
}

type Problem = Omit<Issue, 'accountId' | 'severity'>

function textProblems(content: Content, limits: PostLimits, name: string): Problem[] {
  return limits.text.flatMap(({ unit, max }) => {
    const found = countText(content.text, unit)
    if (found <= max) return []
    const excess = found - max
    const [one, many] = unitNames[unit]
    return [
      {
        code: 'text_too_long',
        message: `The text is ${excess} ${excess === 1 ? one : many} too long for ${name}: ${found} of ${max} ${many}.`,
        field: 'content.text',
        allowed: max,
        found,
      },
    ]
  })
}

function mediaProblems(
  content: Content,
  media: readonly (Media | undefined)[],
  limits: PostLimits,
  name: string,
): Problem[] {
  if (content.media.length === 0) return []
  const { images } = limits
  if (!images) {
    return [{ code: 'media_not_supported', message: `${name} takes no images.`, field: 'content.media' }]
  }
  const problems: Problem[] = []
  if (content.media.length > images.max) {
    problems.push({
      code: 'too_many_images',
      message: `${name} takes at most ${images.max} images; there are ${content.media.length}.`,
      field: 'content.media',
      allowed: images.max,
      found: content.media.length,
    })
  }
  content.media.forEach((item, index) => {
    const field = `content.media.${index}`
    const file = media[index]
    if (!file) {
      problems.push({ code: 'media_not_found', message: `There is no media ${item.mediaId}.`, field })
      return
    }
    if (!images.mimeTypes.includes(file.mimeType)) {
      problems.push({
        code: 'media_type_unsupported',
        message: `${name} does not take ${file.mimeType}; it takes ${images.mimeTypes.join(', ')}.`,
        field,
        allowed: images.mimeTypes.join(', '),
        found: file.mimeType,
      })
    }
    if (file.bytes > images.maxBytes) {
      problems.push({
        code: 'image_too_large',
        message: `Image ${index + 1} has ${file.bytes} bytes; ${name} takes at most ${images.maxBytes}.`,
        field,
        allowed: images.maxBytes,
        found: file.bytes,
      })
    }
    const alt = countText(item.altText ?? '', 'graphemes')
    if (images.maxAltTextGraphemes !== undefined && alt > images.maxAltTextGraphemes) {
      problems.push({
        code: 'alt_text_too_long',
        message: `The alt text of image ${index + 1} has ${alt} characters; ${name} shows at most ${images.maxAltTextGraphemes}.`,
        field: `${field}.altText`,
        allowed: images.maxAltTextGraphemes,
        found: alt,
      })
    }
  })
  return problems
}

const isMalformed = (text: string) => text.includes('\0') || !text.isWellFormed()

function shapeProblems(content: Content, limits: PostLimits, name: string): Problem[] {
  const problems: Problem[] = []
  const texts = [content.text, content.link?.title, content.link?.description, content.link?.url]
  if ([...texts, ...content.media.map((item) => item.altText)].some((text) => text && isMalformed(text))) {
    problems.push({
      code: 'text_malformed',
      message:
        'The text holds something that is no character: NUL, or half of one that is written as a pair.',
      field: 'content',
    })
  }
  const hasText = content.text.trim() !== ''
  if (!hasText && content.media.length === 0 && !content.link) {
    problems.push({
      code: 'content_empty',
      message: 'There is nothing to publish: no text, media or link.',
      field: 'content',
    })
  } else if (content.media.length === 0 && !limits.textOnly) {
    problems.push({
      code: 'media_required',
      message: `${name} takes no post without media.`,
      field: 'content.media',
    })
  }
  if (content.link && !limits.linkCard) {
    problems.push({
      code: 'link_card_not_supported',
      message: `${name} has no link cards; put the address into the text.`,
      field: 'content.link',
    })
  } else if (content.link && content.media.length > 0 && !limits.linkCard?.withImages) {
    problems.push({
      code: 'link_card_beside_images',
      message: `A post on ${name} has either images or a link card; put the address into the text.`,
      field: 'content.link',
    })
  }
  return problems
}

/**
 * Holds a draft against what a platform declares. Pure: every surface can call it early and often.
 * @param media the files of `content.media` in their order; undefined for one that is not there
 */
export function validateContent(
  content: Content,
  media: readonly (Media | undefined)[],
  account: Pick<Account, 'id'>,
  provider: Provider,
): Issue[] {
  const { name, publish } = provider.manifest
  if (!provider.startPublish) {
    return [
      {
        code: 'publishing_not_supported',
        severity: 'error',
        message: `PostMCP does not publish to ${name} yet; the account can be connected and checked.`,
        accountId: account.id,
      },
    ]
  }
  const problems = [
    ...shapeProblems(content, publish.limits, name),
    ...textProblems(content, publish.limits, name),
    ...mediaProblems(content, media, publish.limits, name),
  ]
  return [
    ...problems.map((problem): Issue => ({ ...problem, severity: 'error', accountId: account.id })),
    ...(provider.validate?.(content) ?? []).map((issue): Issue => ({ ...issue, accountId: account.id })),
  ]
}
