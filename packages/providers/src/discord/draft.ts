import type { DraftForTarget, Issue, LimitedTarget, PostLimits } from '@postmcp/core'
import { manifest } from './manifest.js'

/** All files of a message, and room for the rest of the request, which may have 25 MiB. */
const maxFileBytes = 25 * 1024 * 1024 - 64 * 1024 // https://docs.discord.com/developers/reference#uploading-files (2026-11-22)

/** A webhook only writes new messages, it answers none. */
export function limitsOf({ kind }: LimitedTarget): PostLimits {
  const { replies, ...limits } = manifest.publish.limits
  return kind === 'webhook' ? limits : { ...limits, replies }
}

/** What the declared limits cannot say. */
export function validate({ content, options, target }: DraftForTarget): Issue[] {
  const issues: Issue[] = []
  const found = content.media.reduce((bytes, { file }) => bytes + (file?.bytes ?? 0), 0)
  if (found > maxFileBytes) {
    issues.push({
      code: 'media_too_large',
      severity: 'error',
      message: `The files have ${found} bytes together; Discord takes at most ${maxFileBytes} in one message.`,
      field: 'content.media',
      allowed: maxFileBytes,
      found,
    })
  }
  if (options.crosspost === true && target.kind !== 'announcement_channel') {
    const message = 'Only announcement channels have followers; leave this option out.'
    issues.push({ code: 'option_invalid', severity: 'error', message, field: 'options.crosspost' })
  }
  return issues
}
