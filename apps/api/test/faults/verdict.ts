import { isFinal, type Post } from '@postmcp/core'
import type { Media } from '@postmcp/sandbox'
import type { ContentKind, Lane, LanePost, Step } from './lane.js'

/**
 * What one cell of the matrix came to.
 * - `published`: everything is there once, and the post says so
 * - `left_to_person`: the post says that nobody can know, which only a request may bring about that cannot be asked about
 * - `failed`: nothing is there, and the post says so
 * - `not_met`: published, with fewer requests than this fault was to wait for
 * - `wrong`: anything else
 */
export type Result = 'published' | 'left_to_person' | 'failed' | 'not_met' | 'wrong'

/** One cell: a fault that met one request of one post. */
export interface Cell {
  platform: string
  fault: string
  kind: ContentKind
  /** Which request, from 0, and what it was. */
  at: number
  step: Step
  result: Result
  /** Visible more than once, the post or a reply. */
  duplicates: number
  /** What is wrong, or what the post says. */
  words: string
}

/** Holds what a post says against what is there. */
export function judge(
  lane: Lane,
  post: LanePost,
  state: Post,
  step?: Step,
): Pick<Cell, 'result' | 'duplicates' | 'words'> {
  const { posts, replies } = lane.seen(post)
  const perReply = post.replies.map((text) => replies.filter((reply) => reply.text.includes(text)).length)
  const duplicates = [posts.length, ...perReply].reduce((sum, count) => sum + Math.max(0, count - 1), 0)
  const { code = '', message = '' } = state.failure ?? {}
  const says = `${state.state}${code && `, ${code}: ${message}`}`
  const wrong = (why: string) => ({ result: 'wrong' as const, duplicates, words: `${why} (${says})` })
  const [first] = posts

  if (duplicates > 0) return wrong(`${posts.length} posts, ${replies.length} replies are there`)
  if (!isFinal(state)) return wrong('it does not come to an end')
  switch (state.state) {
    case 'published': {
      if (!first) return wrong('nothing is there')
      if (state.sent?.platformPostId !== first.id) {
        return wrong(`it is ${first.id}, not ${state.sent?.platformPostId}`)
      }
      const files = first.media.map(sourceOf)
      if (files.join() !== lane.hashesOf(post.kind).join()) return wrong('its files are others')
      const missing = perReply.filter((count) => count === 0).length
      if (!state.failure) {
        return missing > 0
          ? wrong(`${missing} replies are missing`)
          : { result: 'published', duplicates, words: says }
      }
      return leftToPerson(lane, post, step) && code === 'outcome_unknown'
        ? { result: 'left_to_person', duplicates, words: says }
        : wrong('a reply was given up')
    }
    case 'failed':
      return first ? wrong('it is there all the same') : { result: 'failed', duplicates, words: says }
    case 'unknown':
      return leftToPerson(lane, post, step)
        ? { result: 'left_to_person', duplicates, words: says }
        : wrong('the platform could have been asked')
    default:
      return wrong('that is no end')
  }
}

/** Requests nobody can ask about, at platforms that can be asked about others. */
const cannotBeAsked: { platform: string; path: RegExp; why: string }[] = [
  {
    platform: 'tiktok',
    path: /content\/init\/$/,
    why: 'the request that begins a post of photos publishes it too, and the id to ask by is in the lost answer',
  },
  {
    platform: 'slack',
    path: /files\.completeUploadExternal$/,
    why: 'of files that stand in no channel Slack does not say whether it is about to share them',
  },
  {
    platform: 'linkedin',
    path: /rest\/(posts|socialActions\/.+\/comments)$/,
    why: 'the accounts here are members, whose posts LinkedIn shows to no application, whatever it was granted',
  },
]

/** Whether what came of this request can be known to nobody but a person. */
const leftToPerson = ({ id }: Lane, { account }: LanePost, step: Step | undefined) =>
  !account.canBeAsked ||
  cannotBeAsked.some(({ platform, path }) => platform === id && path.test(step?.path ?? ''))

/** The hash of a file as it was given, whatever the platform has made of it. */
const sourceOf = ({ sha256, facts }: Media): string =>
  typeof facts.sourceSha256 === 'string' ? facts.sourceSha256 : sha256
