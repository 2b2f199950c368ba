import {
  type Json,
  PostMcpError,
  type ProviderContext,
  type PublishInput,
  type PublishStep,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'
import { findComment, withComments } from './comments.js'
import { fromLittleText } from './little-text.js'
import { isOrganization } from './organizations.js'
import { checkpointForm, toSentPost } from './publish.js'

const files = z.object({
  media: z.object({ id: z.string() }).optional(),
  multiImage: z.object({ images: z.array(z.object({ id: z.string() })) }).optional(),
  article: z.object({ source: z.string() }).optional(),
})
const post = z.object({
  commentary: z.string().default(''),
  visibility: z.string(),
  content: files.optional(),
})
const listed = post.extend({ id: z.string(), createdAt: z.number() })
const page = z.object({ elements: z.array(listed) })
type Post = z.infer<typeof post>

const pageSize = 50
const pagesAtMost = 10
/** By how much LinkedIn's clock may be before ours, and how long after the beginning of an attempt it can have arrived. */
const earlierMs = 60_000
const laterMs = 5 * 60_000

/**
 * Looks for a comment; or for a post of a company page among its newest. Ours has the same text, audience, and files or link,
 * and was made while the attempt could arrive. A file is uploaded for one post only, so with files there is no other that could be
 * taken for it.
 * @throws PostMcpError for a post of a member, which LinkedIn shows to no application
 */
export async function findPublished(
  ctx: ProviderContext,
  input: Pick<PublishInput, 'access' | 'account'> & { sentAt: Date },
  checkpoint: Json,
): Promise<PublishStep | null> {
  const state = checkpointForm.parse(checkpoint)
  // Of an upload nothing is ever public.
  if (state.stage === 'upload') return null
  if (state.stage === 'comment') return findComment(ctx, input, state)
  const { access, account, sentAt } = input
  const author = account.targetId
  if (!isOrganization(author)) {
    throw new PostMcpError('outcome_unknown', 'LinkedIn shows the posts of a member to no application.', {
      platform: 'linkedin',
      nextAction: 'Look at the profile, then run `postmcp post resolve` for the post.',
    })
  }
  const { request, replies } = state
  const ours = post.parse(JSON.parse(request))
  for (let number = 0; number < pagesAtMost; number++) {
    const start = number * pageSize
    const { elements } = await callApi(ctx, access.tokens, {
      path: '/rest/posts',
      query: `q=author&author=${encodeURIComponent(author)}&start=${start}&count=${pageSize}&sortBy=CREATED`,
      restliMethod: 'FINDER',
      answer: page,
    })
    const ages = elements.map(({ createdAt }) => createdAt - sentAt.getTime())
    const found = elements.find((one, index) => {
      const age = ages[index] ?? Number.NaN
      return age >= -earlierMs && age <= laterMs && isSame(one, ours)
    })
    if (found) {
      return withComments(ctx, { actor: author, sent: toSentPost(ctx, found.id, request) }, replies)
    }
    if (elements.length < pageSize || ages.some((age) => age < -earlierMs)) return null
  }
  throw new PostMcpError('platform_unavailable', 'The page has more new posts than can be looked through.', {
    platform: 'linkedin',
  })
}

const isSame = (one: Post, other: Post): boolean =>
  one.visibility === other.visibility &&
  shown(one.commentary) === shown(other.commentary) &&
  JSON.stringify(attached(one)) === JSON.stringify(attached(other))

const shown = (commentary: string): string =>
  fromLittleText(commentary).normalize('NFC').replaceAll(/\s+/g, ' ').trim()

const attached = ({ content }: Post): string[] => [
  ...(content?.multiImage?.images.map(({ id }) => id) ?? []),
  ...[content?.media?.id, content?.article?.source].filter((one) => one !== undefined),
]
