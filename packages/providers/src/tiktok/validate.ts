import type { DraftForTarget, Issue } from '@postmcp/core'
import { maxVideoText } from './limits.js'

/** What the declared limits cannot say. */
export function validate({ content, options, target }: DraftForTarget): Issue[] {
  const issues: Issue[] = []
  const add = (issue: Omit<Issue, 'severity'>, severity: Issue['severity'] = 'error') =>
    issues.push({ severity, ...issue })
  const files = content.media.flatMap(({ file }) => file ?? [])
  const video = files.find(({ kind }) => kind === 'video')
  const isInbox = options.mode === 'inbox'

  if (video && isInbox && content.text.trim() !== '') {
    const message = 'TikTok takes no text with a video for the inbox; write it in the app.'
    add({ code: 'text_not_published', message, field: 'content.text' }, 'warning')
  } else if (video && content.text.length > maxVideoText) {
    const found = content.text.length
    const message = `The text is too long for a video on TikTok: ${found} of ${maxVideoText} characters.`
    add({ code: 'text_too_long', message, field: 'content.text', allowed: maxVideoText, found })
  }
  const { coverTimestampMs, coverIndex, brandContent, privacyLevel } = options
  if (typeof coverTimestampMs === 'number') {
    const end = video?.durationMs ?? Number.POSITIVE_INFINITY
    if (coverTimestampMs < 0 || coverTimestampMs > end) {
      const message = 'The cover has to be within the video.'
      add({ code: 'option_invalid', message, field: 'options.coverTimestampMs' })
    }
  }
  const isPhotos = files.length > 0 && !video
  if (isPhotos && typeof coverIndex === 'number' && !(coverIndex >= 0 && coverIndex < content.media.length)) {
    const message = `The cover has to be one of the photos, 0 to ${content.media.length - 1}.`
    add({ code: 'option_invalid', message, field: 'options.coverIndex' })
  }
  const levels = target.settings.privacyLevels
  if (
    !isInbox &&
    typeof privacyLevel === 'string' &&
    Array.isArray(levels) &&
    !levels.includes(privacyLevel)
  ) {
    const allowed = levels.join(', ')
    const message = `This account does not offer ${privacyLevel}; it offers ${allowed}.`
    add({ code: 'option_invalid', message, field: 'options.privacyLevel', allowed, found: privacyLevel })
  }
  const isPrivate =
    privacyLevel === undefined ? content.visibility === 'private' : privacyLevel === 'SELF_ONLY'
  if (!isInbox && brandContent === true && isPrivate) {
    const message = 'TikTok takes no paid partnership that only you can see.'
    add({ code: 'option_invalid', message, field: 'options.brandContent' })
  }
  return issues
}
