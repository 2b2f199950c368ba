import type { DraftForTarget, DraftMedia, Issue } from '@postmcp/core'

type Problem = Omit<Issue, 'severity'>

/** @see https://developers.facebook.com/documentation/instagram-platform/instagram-graph-api/reference/ig-user/media (2026-11-22) */
const maxHashtags = 30
const maxMentions = 20
/** Of pictures in the feed; stories are upright. */
const feedRatio = { min: 0.8, max: 1.91 }
const story = { seconds: { min: 3, max: 60 }, maxVideoBytes: 100_000_000 }

/** The full-width number sign counts, too. */
const hashtag = /[#＃][\p{L}\p{N}\p{M}_]+/gu
const mention = /(?<![\p{L}\p{N}_.])@[a-z0-9_.]+/giu

/** What the declared limits, which are the same for posts and stories, cannot say. */
export function validate({ content, options }: DraftForTarget): Issue[] {
  const { media, text, replies } = content
  if (options.postAs === 'story') return [...storyIssues(media, text), ...storyReplyIssues(replies)]
  const problems = [
    ...tagProblems(text, 'caption', 'content.text'),
    // That comments are limited as captions are is a guess.
    ...replies.flatMap((reply, index) => tagProblems(reply, 'comment', `content.replies.${index}`)),
    ...media.flatMap(ratioProblems),
  ]
  return problems.map((problem) => ({ severity: 'error', ...problem }))
}

function tagProblems(text: string, what: string, field: string): Problem[] {
  const counted: [name: string, code: string, max: number, found: number][] = [
    ['hashtags', 'too_many_hashtags', maxHashtags, text.match(hashtag)?.length ?? 0],
    ['mentions', 'too_many_mentions', maxMentions, text.match(mention)?.length ?? 0],
  ]
  return counted.flatMap(([name, code, max, found]): Problem[] => {
    if (found <= max) return []
    const message = `Instagram takes at most ${max} ${name} in one ${what}; there are ${found}.`
    return [{ code, message, field, allowed: max, found }]
  })
}

function ratioProblems({ file }: DraftMedia, index: number): Problem[] {
  if (!file || file.is === 'video' || file.width === null || file.height === null) return []
  const found = Number((file.width / file.height).toFixed(3))
  if (found >= feedRatio.min && found <= feedRatio.max) return []
  const message = `Pictures in the feed of Instagram are between 4:5 and 1.91:1; picture ${index + 1} is ${file.width} by ${file.height} pixels.`
  const allowed = found < feedRatio.min ? feedRatio.min : feedRatio.max
  return [{ code: 'image_ratio', message, field: `content.media.${index}`, allowed, found }]
}

function storyIssues(media: readonly DraftMedia[], text: string): Issue[] {
  const [item] = media
  if (!item || media.length > 1) {
    const message = 'A story is one picture or one video.'
    return [{ code: 'story_needs_file', severity: 'error', message, field: 'content.media' }]
  }
  const issues: Issue[] = []
  const { file } = item
  const field = 'content.media.0'
  const seconds = file?.is === 'video' && file.durationMs !== null ? file.durationMs / 1000 : null
  const { min, max } = story.seconds
  if (seconds !== null && (seconds < min || seconds > max)) {
    const message = `The video of a story lasts ${min} to ${max} seconds; this one lasts ${seconds}.`
    const allowed = seconds < min ? min : max
    issues.push({ code: 'video_duration', severity: 'error', message, field, allowed, found: seconds })
  }
  if (file?.is === 'video' && file.bytes > story.maxVideoBytes) {
    const message = `The video of a story has at most ${story.maxVideoBytes} bytes; this one has ${file.bytes}.`
    const numbers = { allowed: story.maxVideoBytes, found: file.bytes }
    issues.push({ code: 'video_too_large', severity: 'error', message, field, ...numbers })
  }
  if (text.trim() !== '') {
    const message = 'Stories on Instagram have no text; this one will not be published with it.'
    issues.push({ code: 'text_not_shown', severity: 'warning', message, field: 'content.text' })
  }
  return issues
}

function storyReplyIssues(replies: readonly string[]): Issue[] {
  if (replies.length === 0) return []
  const message = 'Stories on Instagram have no comments. Leave them out, or publish it as a post.'
  return [{ code: 'replies_not_supported', severity: 'error', message, field: 'content.replies' }]
}
