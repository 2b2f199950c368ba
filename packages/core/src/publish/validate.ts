import type { Account } from '../model/account.js'
import type { Issue } from '../model/errors.js'
import type { Grant } from '../model/grant.js'
import type { Media } from '../model/media.js'
import type { Content, PostOptions, TargetContent } from '../model/post.js'
import { howToGetScope, isGranted } from '../oauth/scopes.js'
import type { Manifest } from '../provider/manifest.js'
import type { PostLimits } from '../provider/post-limits.js'
import type { DraftMedia, LimitedTarget, Provider } from '../provider/provider.js'
import { type DecidedContent, decideContent, decideOptions, kindOf, mergeContent } from './target-content.js'
import { mediaProblems } from './validate-media.js'
import { type Problem, textProblems } from './validate-text.js'

/** Files by their ids. */
export type Files = ReadonlyMap<string, Media>

/** Whom a draft is for. */
export interface DraftTarget {
  account: Pick<Account, 'id' | 'kind' | 'settings'>
  grant: Pick<Grant, 'settings' | 'grantedScopes'> | undefined
  provider: Provider
}

const limitedTarget = ({ account, grant }: DraftTarget): LimitedTarget => ({
  kind: account.kind,
  settings: account.settings,
  grantSettings: grant?.settings ?? {},
  grantedScopes: grant?.grantedScopes ?? [],
})

/** The limits of a target: what its platform declares, or what is known of itself. */
export const limitsOf = (target: DraftTarget): PostLimits =>
  target.provider.limitsOf?.(limitedTarget(target)) ?? target.provider.manifest.publish.limits

function shapeProblems(content: DecidedContent, limits: PostLimits, name: string): Problem[] {
  const problems: Problem[] = []
  const hasText = content.text.trim() !== ''
  const hasMedia = content.media.length > 0
  if (!hasText && !hasMedia && !content.link) {
    problems.push({
      code: 'content_empty',
      message: 'There is nothing to publish: no text, media or link.',
      field: 'content',
    })
  } else if (!hasMedia && !limits.textOnly) {
    const message = `${name} takes no post without media.`
    problems.push({ code: 'media_required', message, field: 'content.media' })
  } else if (!hasText && limits.textRequired) {
    problems.push({ code: 'text_required', message: `${name} needs a text.`, field: 'content.text' })
  }
  const offered = limits.visibilities ?? ['public']
  if (!offered.includes(content.visibility)) {
    problems.push({
      code: 'visibility_not_supported',
      message: `${name} has no posts that are ${content.visibility}; it has: ${offered.join(', ')}.`,
      field: 'content.visibility',
      allowed: offered.join(', '),
      found: content.visibility,
    })
  }
  return problems
}

/** A link that the user gave apart and that the platform has only as part of the text. */
function linkProblems(given: Content, decided: DecidedContent, name: string): Problem[] {
  if (!given.link || decided.link) return []
  const { url, title, description } = given.link
  if (!title && !description && given.text.includes(url)) return []
  const message = `On ${name} the link stands at the end of the text, as an address without title and description.`
  return [{ code: 'link_in_text', severity: 'warning', message, field: 'content.link' }]
}

function optionProblems({ name, publish }: Manifest, options: PostOptions): Problem[] {
  return Object.entries(options).flatMap(([key, value]): Problem[] => {
    const field = `options.${key}`
    const option = publish.options?.find((each) => each.name === key)
    if (!option) {
      const known = publish.options?.map((each) => each.name).join(', ')
      const message = `${name} has no option ${key}; it has ${known || 'none'}.`
      return [{ code: 'option_unknown', message, field }]
    }
    const type = typeof value === 'number' ? 'integer' : typeof value
    const isRight = type === option.type && (type !== 'integer' || Number.isInteger(value))
    const isOffered = option.values?.some((each) => each === value) ?? true
    if (isRight && isOffered) return []
    const allowed = option.values?.join(', ') ?? `a value of type ${option.type}`
    return [{ code: 'option_invalid', message: `Option ${key} of ${name} takes ${allowed}.`, field, allowed }]
  })
}

/**
 * Holds a draft against what a platform takes. Pure: every surface can call it early and often. Fields are named `content.…` and
 * `options.…`, whether the group or the target says what stands in them.
 */
export function validateContent(
  content: Content,
  target: TargetContent,
  files: Files,
  whom: DraftTarget,
): Issue[] {
  const { account, provider } = whom
  const { manifest } = provider
  const { name } = manifest
  const concerning = (problem: Problem): Issue => ({ severity: 'error', ...problem, accountId: account.id })
  if (!provider.startPublish) {
    const message = `PostMCP does not publish to ${name} yet; the account can be connected and checked.`
    return [concerning({ code: 'publishing_not_supported', message })]
  }
  const limits = limitsOf(whom)
  const decided = decideContent(content, target, limits)
  const options = target.options ?? {}
  const media = decided.media.map((item): DraftMedia => {
    const file = files.get(item.mediaId)
    return { ...item, file: file && { ...file, is: kindOf(file, limits) } }
  })
  const { grantedScopes } = limitedTarget(whom)
  const replyScopes = limits.replies?.scopes
  const repliesNeed =
    !replyScopes || isGranted(manifest, replyScopes, grantedScopes)
      ? null
      : howToGetScope(manifest, replyScopes)
  const platform = { name, limits, repliesNeed, countWeighted: provider.countWeighted?.bind(provider) }
  const problems = [
    ...shapeProblems(decided, limits, name),
    ...textProblems(decided, platform),
    ...linkProblems(mergeContent(content, target), decided, name),
    ...mediaProblems(media, files, platform),
    ...optionProblems(manifest, options),
  ]
  const ownWords =
    provider.validate?.({
      content: { ...decided, media },
      options: decideOptions(manifest, options),
      target: limitedTarget(whom),
    }) ?? []
  return [...problems.map(concerning), ...ownWords.map((issue) => ({ ...issue, accountId: account.id }))]
}
