import {
  type Json,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  type PublishInput,
  type PublishStep,
} from '@postmcp/core'
import { z } from 'zod'
import { afterPost, findComment } from '../meta/comments.js'
import { GraphError, graphId } from '../meta/graph.js'
import { clockSkewMs } from '../meta/thread.js'
import { type At, checkpointForm } from './checkpoint.js'
import { commentApi } from './comments.js'
import { callAsPage, linkTo } from './page.js'
import { processingStep, readStatus } from './video.js'

type Looking = Pick<PublishInput, 'account'> & { sentAt: Date }

/** What a call with this checkpoint made public; null: certainly nothing. */
export async function findPublished(
  ctx: ProviderContext,
  looking: Looking,
  checkpoint: Json,
): Promise<PublishStep | null> {
  const state = checkpointForm.parse(checkpoint)
  switch (state.stage) {
    case 'feed':
      return findPost(ctx, looking, state)
    case 'photo_story':
      return afterPost({ id: await findStory(ctx, looking, state.photo), permalink: null }, [])
    case 'finish':
      return findVideo(ctx, looking, state)
    case 'comment':
      return findComment(commentApi, ctx, looking, state)
    default:
      return null
  }
}

const target = z.object({ id: graphId }).nullish()
const listed = z.object({
  id: graphId,
  message: z.string().nullish(),
  created_time: z.string(),
  permalink_url: z.string().nullish(),
  attachments: z
    .object({
      data: z.array(
        z.object({
          target,
          media_type: z.string().nullish(),
          unshimmed_url: z.string().nullish(),
          subattachments: z.object({ data: z.array(z.object({ target })) }).nullish(),
        }),
      ),
    })
    .nullish(),
})
type Listed = z.infer<typeof listed>
const list = z.object({
  data: z.array(listed),
  paging: z
    .object({ cursors: z.object({ after: z.string().nullish() }).nullish(), next: z.string().nullish() })
    .nullish(),
})

const fields =
  'id,message,created_time,permalink_url,attachments{target{id},media_type,unshimmed_url,subattachments{target{id}}}'
/** More posts than this a Page does not make in the minutes between sending and looking. */
const maxPages = 5

/**
 * Looks among the posts since we sent. One with pictures is ours if it shows one that we uploaded for it, whatever its text is now; one
 * without is ours if its text is ours to the character and, where it has nothing but a link, if it leads there. Of several equal
 * ones it is the first.
 *
 * @throws GraphError of passing trouble where a post may be ours and what it shows cannot be told
 */
async function findPost(
  ctx: ProviderContext,
  looking: Looking,
  state: At<'feed'>,
): Promise<PublishStep | null> {
  const recent = await readPosts(ctx, looking)
  const verdicts = recent.map((post) => ({ post, isOurs: isOurs(post, state) }))
  const [found] = verdicts
    .filter(({ isOurs }) => isOurs === true)
    .map(({ post }) => post)
    .sort((one, other) => Date.parse(one.created_time) - Date.parse(other.created_time))
  if (found) {
    const { id, permalink_url } = found
    return afterPost({ id, permalink: linkTo(ctx, permalink_url ?? id) }, state.replies)
  }
  if (verdicts.every((verdict) => verdict.isOurs === false)) return null
  throw unclear('A post of the Page looks like ours, and Facebook does not say what it shows.')
}

async function readPosts(ctx: ProviderContext, looking: Looking): Promise<Listed[]> {
  const since = looking.sentAt.getTime() - clockSkewMs
  const posts: Listed[] = []
  let after: string | null | undefined
  for (let calls = 0; calls < maxPages; calls++) {
    const query = {
      fields,
      since: String(Math.floor(since / 1000)),
      limit: '50',
      ...(after && { after }),
    }
    const path = `${looking.account.targetId}/published_posts`
    const { data, paging } = await callAsPage(ctx, looking, { path, query, answer: list })
    posts.push(...data.filter(({ created_time }) => Date.parse(created_time) >= since))
    after = paging?.next ? paging.cursors?.after : null
    if (!after) return posts
  }
  throw unclear('The Page has too many new posts to find ours among them.')
}

/** Null: it cannot be told. */
function isOurs({ message, attachments }: Listed, state: At<'feed'>): boolean | null {
  const isSameText = normalize(message ?? '') === normalize(state.message)
  const shown = attachments?.data ?? []
  if (state.photos.length > 0) {
    const ids = shown.flatMap(({ target: one, subattachments }) => [
      one?.id,
      ...(subattachments?.data ?? []).map((each) => each.target?.id),
    ])
    if (ids.some((id) => id !== undefined && state.photos.includes(id))) return true
    return ids.some((id) => id !== undefined) || !isSameText ? false : null
  }
  const hasFiles = shown.some(
    ({ media_type }) => media_type && ['photo', 'album', 'video'].includes(media_type),
  )
  if (!isSameText || hasFiles) return false
  if (state.message.trim() !== '') return true
  const addresses = shown.map(({ unshimmed_url }) => unshimmed_url ?? null)
  if (addresses.some((address) => address !== null && isSame(address, state.link))) return true
  return addresses.length > 0 && addresses.every((address) => address !== null) ? false : null
}

const normalize = (text: string) => text.replaceAll('\r\n', '\n').trim()

const isSame = (one: string, other: string | null) =>
  other !== null && URL.canParse(one) && URL.canParse(other) && new URL(one).href === new URL(other).href

/**
 * A video that is being published or worked on after its upload was finished. What is still being uploaded was not. That the video
 * of a post is worked on only then is a guess; of reels and stories it is not so, therefore only their publishing counts.
 */
async function findVideo(
  ctx: ProviderContext,
  looking: Looking,
  { edge, video, replies }: At<'finish'>,
): Promise<PublishStep | null> {
  const status = await readStatus(ctx, looking, video).catch(explainGone)
  const { video_status, publishing_phase } = status
  const isPublished =
    publishing_phase?.status === 'complete' || publishing_phase?.publish_status === 'published'
  const isTaken = isPublished || (edge === 'videos' && ['processing', 'ready'].includes(video_status))
  if (isTaken) {
    const postId = edge === 'video_stories' ? await findStory(ctx, looking, video) : null
    return processingStep(ctx, { edge, video, postId, replies })
  }
  const isUntouched = (publishing_phase?.status ?? 'not_started') === 'not_started'
  if (isUntouched && ['uploading', 'upload_complete', 'ready', 'expired'].includes(video_status)) return null
  throw unclear('Facebook is still working on the video and does not say yet whether it is published.')
}

/** What is not there any more was deleted by somebody, published or not; it says nothing of the Page. */
function explainGone(error: unknown): never {
  if (!(error instanceof PlatformError) || error.platformCode !== '100/33') throw error
  throw new PostMcpError('outcome_unknown', 'Facebook does not know the video any more.', {
    platform: 'facebook',
  })
}

/**
 * The post of a story, by its picture or video. Stories are listed only where the Page keeps an archive of them, so one that is
 * not listed may be public all the same.
 *
 * @throws GraphError of passing trouble where it is not listed
 */
async function findStory(ctx: ProviderContext, looking: Looking, mediaId: string): Promise<string> {
  const { data } = await callAsPage(ctx, looking, {
    path: `${looking.account.targetId}/stories`,
    query: { fields: 'post_id,media_id', limit: '50' },
    answer: z.object({ data: z.array(z.object({ post_id: graphId, media_id: graphId.nullish() })) }),
  })
  const found = data.find(({ media_id }) => media_id === mediaId)
  if (found) return found.post_id
  throw unclear('The story is not listed, which does not mean that it is not public.')
}

const unclear = (message: string) =>
  new GraphError({ status: 200, platformCode: 'unclear', message, isTransient: true })
