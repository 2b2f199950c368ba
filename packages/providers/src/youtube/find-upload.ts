import { PlatformError, PostMcpError, type ProviderContext, type PublishInput } from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'
import { manifest } from './manifest.js'
import type { Video } from './upload-session.js'

const itemForm = z.object({
  snippet: z.object({
    title: z.string(),
    publishedAt: z.coerce.date(),
    resourceId: z.object({ videoId: z.string() }),
  }),
  status: z.object({ privacyStatus: z.string() }),
})
type Item = z.infer<typeof itemForm>

/** Their clock and ours may differ, and the last chunk is answered some time after the video was made. */
const earlierMs = 5 * 60 * 1000
const laterMs = 15 * 60 * 1000
const mostPages = 4

const plain = (title: string) => title.normalize('NFC').replaceAll(/\s+/g, ' ').trim()

/**
 * Looks for a video among the uploads of the channel, for the rare case that its session is gone.
 * Ours is the one that has our title and came between five minutes before the attempt and fifteen after it began.
 * @returns null where there is none
 * @throws PostMcpError `outcome_unknown` where there are several
 */
export async function findUpload(
  ctx: ProviderContext,
  { access, account, sentAt }: Pick<PublishInput, 'access' | 'account'> & { sentAt: Date },
  resource: string,
): Promise<Video | null> {
  const { title } = z.object({ snippet: z.object({ title: z.string() }) }).parse(JSON.parse(resource)).snippet
  const from = sentAt.getTime() - earlierMs
  const to = sentAt.getTime() + laterMs
  const found: Item[] = []
  let pageToken: string | undefined
  for (let page = 0; page < mostPages; page++) {
    const { items, nextPageToken } = await uploadsPage(
      ctx,
      access.tokens.accessToken,
      playlistOf(account),
      pageToken,
    )
    found.push(...items)
    // Newest first.
    const oldest = items.at(-1)?.snippet.publishedAt.getTime() ?? 0
    if (nextPageToken === undefined || oldest < from) break
    pageToken = nextPageToken
  }
  const ours = found.filter(({ snippet }) => {
    const at = snippet.publishedAt.getTime()
    return at >= from && at <= to && plain(snippet.title) === plain(title)
  })
  if (ours.length > 1) {
    throw new PostMcpError('outcome_unknown', 'Several videos of this title came at that time.', {
      platform: manifest.id,
    })
  }
  const [video] = ours
  return video ? { id: video.snippet.resourceId.videoId, status: video.status } : null
}

/** The list of uploads has the id of its channel with another beginning; the API names it as well. */
const playlistOf = ({ settings, targetId }: PublishInput['account']): string =>
  typeof settings.uploadsPlaylistId === 'string' ? settings.uploadsPlaylistId : targetId.replace(/^UC/, 'UU')

/** Costs 1 unit. */
async function uploadsPage(ctx: ProviderContext, token: string, playlistId: string, pageToken?: string) {
  try {
    return await callApi(ctx, {
      path: '/youtube/v3/playlistItems',
      query: {
        part: 'snippet,status',
        playlistId,
        maxResults: '50',
        ...(pageToken !== undefined && { pageToken }),
      },
      token,
      answer: z.object({
        kind: z.literal('youtube#playlistItemListResponse'),
        nextPageToken: z.string().optional(),
        items: z.array(itemForm).default([]),
      }),
    })
  } catch (error) {
    // The list of a channel that never uploaded anything does not exist.
    if (error instanceof PlatformError && error.platformCode === 'playlistNotFound') {
      return { items: [], nextPageToken: undefined }
    }
    throw error
  }
}
