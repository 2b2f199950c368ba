import type { DraftForTarget, Issue } from '@postmcp/core'

const maxPhotoPixels = 10_000 // width and height together: https://core.telegram.org/bots/api#sendphoto (2026-11-22)

/** What the declared limits cannot say. */
export function validate({ content, options, target }: DraftForTarget): Issue[] {
  const issues: Issue[] = content.media.flatMap(({ file }, index): Issue[] => {
    if (file?.is !== 'image' || file.width === null || file.height === null) return []
    const found = file.width + file.height
    if (found <= maxPhotoPixels) return []
    return [
      {
        code: 'image_dimensions',
        severity: 'error',
        message: `Width and height of this image are ${found} pixels together; Telegram takes at most ${maxPhotoPixels}.`,
        field: `content.media.${index}`,
        allowed: maxPhotoPixels,
        found,
      },
    ]
  })
  const { topicId } = options
  if (topicId !== undefined && target.kind === 'channel') {
    const message = 'A channel has no topics; leave the topic out.'
    issues.push({ code: 'option_invalid', severity: 'error', message, field: 'options.topicId' })
  }
  if (typeof topicId === 'number' && topicId < 1) {
    const message = 'The number of a topic is 1 or more.'
    issues.push({ code: 'option_invalid', severity: 'error', message, field: 'options.topicId' })
  }
  return issues
}
