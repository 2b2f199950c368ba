import type { DraftForTarget, Issue } from '@postmcp/core'
import { findAddresses } from './addresses.js'
import { maxAnimationPixels } from './limits.js'
import { hasForbiddenCharacter } from './weighted-length.js'

const cashtag = /(?<=^|\s)\$[a-z]{1,6}(?:[._][a-z]{1,2})?(?=$|[^\p{L}\p{N}_])/giu
/** For applications that pay by use. @see https://docs.x.com/x-api/posts/manage-tweets/integrate (2026-11-22) */
const maxCashtags = 1

/** What the declared limits cannot say. */
export function validate({ content }: DraftForTarget): Issue[] {
  const texts = [
    { text: content.text, field: 'content.text' },
    ...content.replies.map((text, index) => ({ text, field: `content.replies.${index}` })),
  ]
  return [...texts.flatMap(textIssues), ...animationIssues(content.media)]
}

function textIssues({ text, field }: { text: string; field: string }): Issue[] {
  const issues: Issue[] = []
  if (hasForbiddenCharacter(text)) {
    const message = 'The text holds U+FFFE, U+FEFF or U+FFFF, which X takes in no post.'
    issues.push({ code: 'text_malformed', severity: 'error', message, field })
  }
  const cashtags = text.match(cashtag)?.length ?? 0
  if (cashtags > maxCashtags) {
    issues.push({
      code: 'too_many_cashtags',
      severity: 'error',
      message: `X takes at most ${maxCashtags} cashtag such as $ABC in a post; there are ${cashtags}.`,
      field,
      allowed: maxCashtags,
      found: cashtags,
    })
  }
  if (findAddresses(text).length > 0) {
    const message =
      'X charges the owner of the application about 13 times as much for a post with a link as for one without.'
    issues.push({ code: 'link_costs_more', severity: 'warning', message, field })
  }
  return issues
}

function animationIssues(media: DraftForTarget['content']['media']): Issue[] {
  return media.flatMap(({ file }, index): Issue[] => {
    if (file?.is !== 'animation') return []
    const found = (file.width ?? 0) * (file.height ?? 0) * (file.frames ?? 0)
    if (found <= maxAnimationPixels) return []
    return [
      {
        code: 'animation_dimensions',
        severity: 'error',
        message: `All pictures of the animation have ${found} pixels together; X takes at most ${maxAnimationPixels}.`,
        field: `content.media.${index}`,
        allowed: maxAnimationPixels,
        found,
      },
    ]
  })
}
