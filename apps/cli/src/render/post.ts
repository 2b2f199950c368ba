import type { Issue, Post, PostGroup, PostWithAttempts, Validation } from '@postmcp/sdk'
import { type Cell, paint, plain, properties, table } from '../output.js'

const styles = { published: 'green', failed: 'red', unknown: 'yellow', cancelled: 'dim' } as const

const stateCell = (state: string): Cell => {
  const style = styles[state as keyof typeof styles]
  return style ? { text: state, style } : state
}

/** Where a post went, or why not, or when it is tried again. */
const outcomeOf = (post: Post): Cell => {
  if (post.deletedAt !== null) return `deleted ${post.deletedAt}`
  if (post.state === 'published') {
    const where = post.permalink ?? post.platformPostId
    return post.failure ? `${where} Not all of it: ${post.failure.message} ${post.failure.nextAction}` : where
  }
  if (post.state === 'scheduled' || post.state === 'draft') return null
  const again = post.nextTryAt === null ? '' : ` Next try: ${post.nextTryAt}.`
  return post.failure ? `${post.failure.message} ${post.failure.nextAction}${again}` : again.trim() || null
}

/** When it goes out, as the user named it. */
function timeOf({ publishAt, timeZone, status }: PostGroup): string | null {
  if (publishAt === null || (status !== 'scheduled' && status !== 'draft')) return null
  if (timeZone === null) return publishAt
  const local = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone })
  return `${local.format(new Date(publishAt))} ${timeZone} (${publishAt})`
}

const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text)

export function renderGroup(group: PostGroup): string {
  const rows = group.posts.map((post) => [post.id, post.accountId, stateCell(post.state), outcomeOf(post)])
  return [
    properties([
      ['Post group', group.id],
      ['Status', group.status],
      ['Time', timeOf(group)],
      ['Text', short(group.content.text) || null],
    ]),
    table(['POST', 'ACCOUNT', 'STATE', 'OUTCOME'], rows),
  ].join('\n')
}

/** @param nothing said of an empty list */
export function renderGroups(groups: PostGroup[], nothing: string): string {
  if (groups.length === 0) return nothing
  return table(
    ['POST GROUP', 'TIME', 'STATUS', 'ACCOUNTS', 'TEXT'],
    groups.map(({ id, publishAt, createdAt, status, posts, content }) => [
      id,
      publishAt ?? createdAt,
      status,
      String(posts.length),
      short(content.text),
    ]),
  )
}

export function renderPost(post: PostWithAttempts | Post): string {
  const lines = properties([
    ['Post', post.id],
    ['Post group', post.groupId],
    ['Account', post.accountId],
    ['Platform', post.platform],
    ['State', stateCell(post.state)],
    ['Outcome', outcomeOf(post)],
    ['Published', post.publishedAt],
  ])
  if (!('attempts' in post) || post.attempts.length === 0) return lines
  const attempts = table(
    ['ATTEMPT', 'STARTED', 'OUTCOME', 'WHY'],
    post.attempts.map(({ number, startedAt, outcome, failure }) => [
      String(number),
      startedAt,
      outcome ?? 'running',
      failure?.message ?? null,
    ]),
  )
  return `${lines}\n${attempts}`
}

const renderIssue = ({ severity, message, accountId }: Issue): string => {
  const mark = severity === 'error' ? paint('red', 'error') : paint('yellow', 'warning')
  return `${mark}: ${plain(message)}${accountId ? ` (${accountId})` : ''}`
}

export function renderValidation({ valid, issues }: Validation): string {
  const verdict = valid ? paint('green', 'This can be published.') : paint('red', 'This cannot be published.')
  return [verdict, ...issues.map(renderIssue)].join('\n')
}
