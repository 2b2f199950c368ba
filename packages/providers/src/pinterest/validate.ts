import type { DraftForTarget, Issue } from '@postmcp/core'
import { maxAltText } from './limits.js'
import { altTextOf } from './pin-request.js'

const maxLink = 2048

/** What the declared limits cannot say. */
export function validate({ content, options }: DraftForTarget): Issue[] {
  const issues: Issue[] = []
  const add = (issue: Omit<Issue, 'severity'>, severity: Issue['severity'] = 'error') =>
    issues.push({ severity, ...issue })
  const { link, media } = content
  if (link && !/^https?:$/.test(URL.canParse(link.url) ? new URL(link.url).protocol : '')) {
    const message = 'The link is not a whole http or https address.'
    add({ code: 'link_malformed', message, field: 'content.link.url' })
  } else if (link && [...link.url].length > maxLink) {
    const found = [...link.url].length
    const message = `The link is too long for Pinterest: ${found} of ${maxLink} characters.`
    add({ code: 'link_too_long', message, field: 'content.link.url', allowed: maxLink, found })
  }
  const found = [...altTextOf(media.map(({ altText = '' }) => altText))].length
  if (media.length > 1 && found > maxAltText) {
    const message = `A Pin has one alt text for all its pictures; together they have ${found} of ${maxAltText} characters.`
    add({ code: 'alt_text_too_long', message, field: 'content.media', allowed: maxAltText, found })
  }
  const sizes = media.flatMap(({ file }) => (file?.kind === 'image' ? `${file.width}x${file.height}` : []))
  if (new Set(sizes).size > 1) {
    // As others found it; nothing official says so.
    const message = 'Pinterest may refuse several pictures in one Pin that differ in size.'
    add({ code: 'image_dimensions_differ', message, field: 'content.media' }, 'warning')
  }
  const { boardSectionId, dominantColor, coverIndex, coverSeconds } = options
  if (boardSectionId !== undefined && !/^\d+$/.test(String(boardSectionId))) {
    const message = 'A section of a board is named by its number.'
    add({ code: 'option_invalid', message, field: 'options.boardSectionId' })
  }
  if (dominantColor !== undefined && !/^#[0-9a-f]{6}$/i.test(String(dominantColor))) {
    const message = 'A colour is written like #6e7874.'
    add({ code: 'option_invalid', message, field: 'options.dominantColor' })
  }
  const isOutside = typeof coverIndex === 'number' && (coverIndex < 0 || coverIndex >= media.length)
  if (sizes.length > 1 && isOutside) {
    const message = `The first picture has to be one of them, 0 to ${media.length - 1}.`
    add({ code: 'option_invalid', message, field: 'options.coverIndex' })
  }
  const video = media.find(({ file }) => file?.kind === 'video')?.file
  const end = (video?.durationMs ?? Number.POSITIVE_INFINITY) / 1000
  if (video && typeof coverSeconds === 'number' && !(coverSeconds >= 0 && coverSeconds <= end)) {
    const message = 'The cover has to be within the video.'
    add({ code: 'option_invalid', message, field: 'options.coverSeconds' })
  }
  return issues
}
