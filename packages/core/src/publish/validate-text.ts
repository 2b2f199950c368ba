import type { Issue } from '../model/errors.js'
import type { PostLimits, TextLimit } from '../provider/post-limits.js'
import { countText, unitNames } from './count-text.js'
import type { DecidedContent } from './target-content.js'

/** An issue before it is known whom it concerns. */
export type Problem = Omit<Issue, 'accountId' | 'severity'> & { severity?: Issue['severity'] }

/** What the words of a problem need to know of a platform. */
export interface Platform {
  name: string
  limits: PostLimits
  /** What has to be done before replies may be published; null: nothing. */
  repliesNeed: string | null
  countWeighted?: ((text: string) => number) | undefined
}

interface Subject {
  text: string
  limits: readonly TextLimit[]
  /** As at the beginning of a sentence: `The text`. */
  what: string
  code: string
  field: string
}

function tooLong({ text, limits, what, code, field }: Subject, { name, countWeighted }: Platform): Problem[] {
  return limits.flatMap(({ unit, max }) => {
    const found = countText(text, unit, countWeighted)
    if (found <= max) return []
    const excess = found - max
    const [one, many] = unitNames[unit]
    const message = `${what} is ${excess} ${excess === 1 ? one : many} too long for ${name}: ${found} of ${max} ${many}.`
    return [{ code, message, field, allowed: max, found }]
  })
}

const isMalformed = (text: string) => text.includes('\0') || !text.isWellFormed()

function malformed(content: DecidedContent): Problem[] {
  const { link } = content
  const texts = [
    content.text,
    content.title,
    link?.title,
    link?.description,
    link?.url,
    ...(content.tags ?? []),
    ...content.replies,
    ...content.media.map((item) => item.altText),
  ]
  if (!texts.some((text) => text !== undefined && isMalformed(text))) return []
  const message =
    'The text holds something that is no character: NUL, or half of one that is written as a pair.'
  return [{ code: 'text_malformed', message, field: 'content' }]
}

function titleProblems({ title }: DecidedContent, platform: Platform): Problem[] {
  const { limits, name } = platform
  if (!limits.title) return []
  if (title === undefined || title.trim() === '') {
    if (!limits.title.required) return []
    const message = `${name} needs a title.`
    return [{ code: 'title_required', message, field: 'content.title' }]
  }
  const subject = { text: title, limits: limits.title.limits, what: 'The title', code: 'title_too_long' }
  return tooLong({ ...subject, field: 'content.title' }, platform)
}

function tagProblems({ tags = [] }: DecidedContent, platform: Platform): Problem[] {
  const { limits, name } = platform
  if (!limits.tags || tags.length === 0) return []
  const { max, each, all } = limits.tags
  const problems: Problem[] = tags.flatMap((text, index) => {
    const field = `content.tags.${index}`
    if (text.trim() === '') return [{ code: 'tag_empty', message: 'A tag is empty.', field }]
    return tooLong(
      { text, limits: each ?? [], what: `The tag ${text}`, code: 'tag_too_long', field },
      platform,
    )
  })
  if (max !== undefined && tags.length > max) {
    problems.push({
      code: 'too_many_tags',
      message: `${name} takes at most ${max} tags; there are ${tags.length}.`,
      field: 'content.tags',
      allowed: max,
      found: tags.length,
    })
  }
  const together = { text: tags.join(','), limits: all ?? [], what: 'All tags together' }
  return [...problems, ...tooLong({ ...together, code: 'tags_too_long', field: 'content.tags' }, platform)]
}

function replyProblems({ replies }: DecidedContent, platform: Platform): Problem[] {
  const { limits, name, repliesNeed } = platform
  if (replies.length === 0) return []
  const field = 'content.replies'
  if (!limits.replies) {
    const message = `PostMCP publishes no replies or comments on ${name}.`
    return [{ code: 'replies_not_supported', message, field }]
  }
  if (repliesNeed !== null) {
    const message = `Replies below a post on ${name} take a permission that this account was not granted. ${repliesNeed}`
    return [{ code: 'replies_not_permitted', message, field }]
  }
  const { max, text = limits.text } = limits.replies
  const problems = replies.flatMap((reply, index): Problem[] => {
    const what = `Reply ${index + 1}`
    const where = `${field}.${index}`
    if (reply.trim() === '') return [{ code: 'reply_empty', message: `${what} is empty.`, field: where }]
    return tooLong({ text: reply, limits: text, what, code: 'reply_too_long', field: where }, platform)
  })
  if (replies.length > max) {
    const message = `On ${name} at most ${max} ${max === 1 ? 'reply' : 'replies'} can follow; there are ${replies.length}.`
    problems.push({ code: 'too_many_replies', message, field, allowed: max, found: replies.length })
  }
  return problems
}

/** Problems of everything that is written. */
export function textProblems(content: DecidedContent, platform: Platform): Problem[] {
  const { limits } = platform
  const most = (content.media.length > 0 && limits.textWithMedia) || limits.text
  const text = { text: content.text, limits: most, what: 'The text', code: 'text_too_long' }
  return [
    ...malformed(content),
    ...tooLong({ ...text, field: 'content.text' }, platform),
    ...titleProblems(content, platform),
    ...tagProblems(content, platform),
    ...replyProblems(content, platform),
  ]
}
