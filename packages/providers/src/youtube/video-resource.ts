import type { DraftForTarget, Issue, PublishInput, SentPost, Visibility } from '@postmcp/core'
import { maxTagsLength } from './limits.js'

/**
 * The video as it is announced, as JSON.
 * @see https://developers.google.com/youtube/v3/docs/videos/insert (2026-11-22)
 */
export function describeVideo({ content, options }: Pick<PublishInput, 'content' | 'options'>): string {
  const { title, text, tags = [], languages = [], visibility } = content
  const [language] = languages
  const { categoryId, madeForKids, containsSyntheticMedia, embeddable, license } = options
  return JSON.stringify({
    snippet: {
      title: title?.trim(),
      description: text,
      ...(tags.length > 0 && { tags }),
      categoryId,
      ...(language !== undefined && { defaultLanguage: language }),
    },
    status: {
      privacyStatus: visibility,
      selfDeclaredMadeForKids: madeForKids,
      ...(containsSyntheticMedia !== undefined && { containsSyntheticMedia }),
      embeddable,
      license,
    },
  })
}

/** How YouTube counts all tags: a tag with a space in it is counted with quotes around it. As remembered, not documented. */
const tagsLength = (tags: readonly string[]): number =>
  tags.map((tag) => (tag.includes(' ') ? `"${tag}"` : tag)).join(',').length

/**
 * Below what no comments can stand; null: they can.
 * @see https://support.google.com/youtube/answer/157177 and https://support.google.com/youtube/answer/14323217 (2026-11-22)
 */
function silentKind({ content, options }: DraftForTarget): string | null {
  if (content.visibility === 'private') return 'a private video'
  return options.madeForKids === true ? 'a video made for kids' : null
}

/** What the declared limits cannot say. */
export function validate(draft: DraftForTarget): Issue[] {
  const { content, options } = draft
  const { title = '', text, tags = [] } = content
  const issues: Issue[] = []
  const silent = content.replies.length > 0 ? silentKind(draft) : null
  if (silent !== null) {
    const message = `YouTube takes no comments below ${silent}.`
    issues.push({ code: 'replies_not_supported', severity: 'error', message, field: 'content.replies' })
  }
  for (const [what, value, field] of [
    ['title', title, 'content.title'],
    ['description', text, 'content.text'],
  ] as const) {
    if (!/[<>]/.test(value)) continue
    const message = `YouTube takes no < or > in a ${what}.`
    issues.push({ code: 'characters_not_allowed', severity: 'error', message, field })
  }
  const max = maxTagsLength
  const found = tagsLength(tags)
  // Without quotes they would fit, so the declared limit does not say it.
  if (tags.join(',').length <= max && found > max) {
    const message = `All tags together are too long for YouTube: ${found} of ${max} characters, with quotes around each tag that has a space.`
    issues.push({
      code: 'tags_too_long',
      severity: 'error',
      message,
      field: 'content.tags',
      allowed: max,
      found,
    })
  }
  if (options.categoryId !== undefined && !/^\d{1,4}$/.test(String(options.categoryId))) {
    const message = 'A category of YouTube is named by its number, such as 22.'
    issues.push({ code: 'option_invalid', severity: 'error', message, field: 'options.categoryId' })
  }
  return issues
}

const shown: Record<string, SentPost['visibility']> = { public: 'public', unlisted: 'limited' }

/** Who can see a video, in our words. YouTube may have decided otherwise than it was asked to. */
export const visibilityOf = (privacyStatus: Visibility | string): SentPost['visibility'] =>
  shown[privacyStatus] ?? 'private'
