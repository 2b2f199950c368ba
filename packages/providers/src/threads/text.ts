import type { DraftForTarget, Issue } from '@postmcp/core'

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
/** Pictures, letters of flags, and keys: what people call emojis, and two or three signs more. */
const emoji = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u

/**
 * How long Threads finds a text: an emoji counts as its UTF-8 bytes. That all other characters count one is how connectors read
 * the documentation, which is silent on it.
 * @see https://developers.facebook.com/documentation/threads/posts (2026-11-22)
 */
export function countWeighted(text: string): number {
  let count = 0
  for (const { segment } of segmenter.segment(text)) {
    count += emoji.test(segment) ? Buffer.byteLength(segment, 'utf8') : [...segment].length
  }
  return count
}

/** Different links in one post; the one of the card is one of them. */
const maxLinks = 5
/** Where a link ends is a guess: before a space, a bracket or a quote, and before the punctuation of the sentence. */
const links = /https?:\/\/[^\s<>"'()[\]]+/gi

const linksOf = (text: string): string[] =>
  (text.match(links) ?? []).map((link) => link.replace(/[.,;:!?…]+$/, ''))

/** What the declared limits cannot say. */
export function validate({ content, options }: DraftForTarget): Issue[] {
  const issues: Issue[] = []
  const texts = [content.text, ...content.replies]
  texts.forEach((text, index) => {
    const card = index === 0 && content.link ? [content.link.url] : []
    const found = new Set([...linksOf(text), ...card]).size
    if (found <= maxLinks) return
    issues.push({
      code: 'too_many_links',
      severity: 'error',
      message: `Threads takes at most ${maxLinks} different links in one post; there are ${found}.`,
      field: index === 0 ? 'content.text' : `content.replies.${index - 1}`,
      allowed: maxLinks,
      found,
    })
  })
  const { topicTag } = options
  if (typeof topicTag === 'string' && topicTag !== '' && !isTopic(topicTag)) {
    issues.push({
      code: 'option_invalid',
      severity: 'error',
      message: 'A topic has at most 50 characters, and neither a full stop nor an ampersand.',
      field: 'options.topicTag',
    })
  }
  return issues
}

const isTopic = (text: string) => [...text].length <= 50 && !/[.&]/.test(text)
