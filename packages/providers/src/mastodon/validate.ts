import type { DraftForTarget, Issue } from '@postmcp/core'
import { countCharacters, countWeighted } from './count-characters.js'
import { allLimits } from './instance-limits.js'

/** What the declared limits cannot say: the content warning is counted with every text, and instances count addresses differently. */
export function validate({ content, options, target }: DraftForTarget): Issue[] {
  const { maxCharacters, charactersPerUrl } = allLimits(target.settings)
  const warning = String(options.spoilerText ?? '')
  const texts = [
    { text: content.text, field: 'content.text' },
    ...content.replies.map((text, index) => ({ text, field: `content.replies.${index}` })),
  ]
  return texts.flatMap(({ text, field }): Issue[] => {
    const found = countCharacters(text, charactersPerUrl) + countCharacters(warning, charactersPerUrl)
    // What is too long without them is said already.
    if (found <= maxCharacters || countWeighted(text) > maxCharacters) return []
    const message =
      warning === ''
        ? `This instance counts each web address as ${charactersPerUrl} characters, so the text has ${found} of ${maxCharacters}.`
        : `Text and content warning have ${found} characters together; this instance takes ${maxCharacters}.`
    return [{ code: 'text_too_long', severity: 'error', message, field, allowed: maxCharacters, found }]
  })
}
