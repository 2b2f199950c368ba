import type { DraftForTarget, DraftMedia, Issue } from '@postmcp/core'

type Problem = Omit<Issue, 'severity'>

/** What a reel or the video of a story must be. @see https://developers.facebook.com/docs/video-api/guides/reels-publishing (2026-11-22) */
const reel = { seconds: { min: 3, max: 90 }, frameRate: { min: 24, max: 60 }, width: 540, height: 960 }
const storySeconds = 60

/** What the declared limits, which are those of posts, cannot say of reels and stories. */
export function validate({ content, options }: DraftForTarget): Issue[] {
  const { postAs } = options
  if (postAs !== 'reel' && postAs !== 'story') return []
  const { media, replies } = content
  const [item] = media
  const videos = media.filter(({ file }) => file?.is === 'video').length
  const issues: Issue[] = []
  const add = (problem: Problem) => issues.push({ severity: 'error', ...problem })
  if (postAs === 'story' && replies.length > 0) {
    add({
      code: 'replies_not_supported',
      message: 'Stories on Facebook have no comments. Leave them out, or publish it as a post.',
      field: 'content.replies',
    })
  }
  if (postAs === 'reel' && (media.length !== 1 || videos !== 1)) {
    add({
      code: 'reel_needs_video',
      message: 'A reel is one video and nothing else.',
      field: 'content.media',
    })
    return issues
  }
  if (postAs === 'story' && media.length !== 1) {
    add({ code: 'story_needs_file', message: 'A story is one picture or one video.', field: 'content.media' })
    return issues
  }
  if (videos === 1 && item) for (const problem of videoProblems(item, postAs)) add(problem)
  if (postAs === 'story' && content.text.trim() !== '') {
    issues.push({
      code: 'text_not_shown',
      severity: 'warning',
      message: 'Stories on Facebook have no text; this one will not be published with it.',
      field: 'content.text',
    })
  }
  return issues
}

function videoProblems({ file }: DraftMedia, postAs: 'reel' | 'story'): Problem[] {
  if (!file) return []
  const what = postAs === 'reel' ? 'A reel' : 'A story'
  const field = 'content.media.0'
  const problems: Problem[] = []
  const { min } = reel.seconds
  const max = postAs === 'story' ? storySeconds : reel.seconds.max
  const seconds = file.durationMs === null ? null : file.durationMs / 1000
  if (seconds !== null && (seconds < min || seconds > max)) {
    const message = `${what} on Facebook lasts ${min} to ${max} seconds; this video lasts ${seconds}.`
    problems.push({
      code: 'video_duration',
      message,
      field,
      allowed: seconds < min ? min : max,
      found: seconds,
    })
  }
  const { width, height, frameRate } = file
  if (width !== null && height !== null && (width < reel.width || height < reel.height)) {
    const message = `${what} on Facebook is at least ${reel.width} by ${reel.height} pixels; this video is ${width} by ${height}.`
    problems.push({ code: 'video_dimensions', message, field })
  }
  if (frameRate !== null && (frameRate < reel.frameRate.min || frameRate > reel.frameRate.max)) {
    const message = `${what} on Facebook has ${reel.frameRate.min} to ${reel.frameRate.max} frames per second; this video has ${frameRate}.`
    problems.push({ code: 'frame_rate_unsupported', message, field, found: frameRate })
  }
  return problems
}
