import type { PlatformKit } from '../platform.js'
import type { Media, Post } from '../world.js'
import type { Caller } from './access.js'
import { uploadsPlaylistOf } from './identity.js'
import type { VideoResource } from './video-resource.js'

/** What YouTube knows of a video beside what everybody sees. */
interface VideoFacts extends Record<string, unknown> {
  resource: VideoResource
  notifySubscribers: boolean
  /** When the work on it is over. */
  readyAt: Date
  /** How the work ends. */
  end: { uploadStatus: 'processed' | 'failed' | 'rejected'; failureReason?: string; rejectionReason?: string }
  thumbnailId: string | null
}

/** How files begin that are videos: MP4 and QuickTime, WebM and Matroska, AVI, FLV, MPEG, WMV. */
const BEGINNINGS: readonly [offset: number, hex: string][] = [
  [4, '66747970'],
  [0, '1a45dfa3'],
  [0, '52494646'],
  [0, '464c56'],
  [0, '000001ba'],
  [0, '3026b275'],
]

const isVideo = (head: Uint8Array) =>
  BEGINNINGS.some(([offset, hex]) =>
    Buffer.from(head)
      .toString('hex')
      .startsWith(hex, offset * 2),
  )

/** The videos of all channels. Each is a post of its channel, and there from its last byte on. */
export class Videos {
  readonly #kit: PlatformKit

  constructor(kit: PlatformKit) {
    this.#kit = kit
  }

  /** @param head how the file begins */
  add(
    { personId, channel, condition }: Caller,
    resource: VideoResource,
    { media, head, notifySubscribers }: { media: Media; head: Uint8Array; notifySubscribers: boolean },
  ): Post {
    const { world, random, now, badDays } = this.#kit
    const end: VideoFacts['end'] = !isVideo(head)
      ? { uploadStatus: 'failed', failureReason: 'invalidFile' }
      : condition === 'uploads_rejected'
        ? { uploadStatus: 'rejected', rejectionReason: 'copyright' }
        : { uploadStatus: 'processed' }
    const facts: VideoFacts = {
      resource,
      notifySubscribers,
      readyAt: new Date(now().getTime() + badDays.mediaSeconds() * 1000),
      end,
      thumbnailId: null,
    }
    return world.addPost({
      id: random.text(11),
      personId,
      resourceId: channel.id,
      text: [resource.title, resource.description].filter(Boolean).join('\n\n'),
      media: [media],
      isPublic: resource.privacyStatus === 'public' && end.uploadStatus === 'processed',
      body: resource,
      facts,
    })
  }

  /** Of one channel, newest first. */
  ofChannel(channelId: string): Post[] {
    return this.#kit.world
      .posts({ resourceId: channelId })
      .filter(({ inReplyTo }) => inReplyTo === null)
      .reverse()
  }

  /** A video that this channel may see. */
  find(id: string, channelId: string | undefined): Post | undefined {
    const post = this.#kit.world.post(id)
    if (post?.inReplyTo !== null) return undefined
    const isSeen = post.resourceId === channelId || factsOf(post).resource.privacyStatus !== 'private'
    return isSeen ? post : undefined
  }

  /** Whether a video can have comments at all. */
  takesComments(post: Post): boolean {
    const { privacyStatus, madeForKids } = factsOf(post).resource
    return privacyStatus !== 'private' && !madeForKids
  }

  /** Deletes a video; what stands below it goes with it. */
  delete(post: Post): void {
    const { world } = this.#kit
    const below = world.posts().filter(({ inReplyTo }) => inReplyTo === post.id)
    for (const { id } of [post, ...below]) world.deletePost(id)
  }

  setThumbnail(post: Post, thumbnailId: string): void {
    this.#kit.world.updatePost(post.id, { facts: { ...post.facts, thumbnailId } })
  }

  describe(post: Post, parts: readonly string[]): Record<string, unknown> {
    const { kit } = { kit: this.#kit }
    const { resource, readyAt, end } = factsOf(post)
    const isReady = readyAt.getTime() <= kit.now().getTime()
    const described: Record<string, unknown> = {
      snippet: {
        publishedAt: post.createdAt.toISOString(),
        channelId: post.resourceId,
        channelTitle: kit.world.resource(post.resourceId ?? '')?.name ?? '',
        title: resource.title,
        description: resource.description,
        thumbnails: this.#thumbnails(post),
        ...(resource.tags.length > 0 && { tags: resource.tags }),
        categoryId: resource.categoryId,
        liveBroadcastContent: 'none',
        ...(resource.defaultLanguage !== undefined && { defaultLanguage: resource.defaultLanguage }),
        localized: { title: resource.title, description: resource.description },
      },
      status: {
        ...(isReady ? end : { uploadStatus: 'uploaded' }),
        privacyStatus: resource.privacyStatus,
        license: resource.license,
        embeddable: resource.embeddable,
        publicStatsViewable: true,
        madeForKids: resource.madeForKids,
        selfDeclaredMadeForKids: resource.madeForKids,
        containsSyntheticMedia: resource.containsSyntheticMedia,
      },
      processingDetails: {
        processingStatus: !isReady ? 'processing' : end.uploadStatus === 'failed' ? 'failed' : 'succeeded',
      },
      contentDetails: { licensedContent: false, projection: 'rectangular' },
    }
    return {
      kind: 'youtube#video',
      etag: kit.random.text(27),
      id: post.id,
      ...Object.fromEntries(parts.filter((part) => part !== 'id').map((part) => [part, described[part]])),
    }
  }

  /** As one of the list of its channel's uploads. */
  describeItem(post: Post, position: number, parts: readonly string[]): Record<string, unknown> {
    const { world, random } = this.#kit
    const channel = world.resource(post.resourceId ?? '')
    const { resource } = factsOf(post)
    const publishedAt = post.createdAt.toISOString()
    const described: Record<string, unknown> = {
      snippet: {
        publishedAt,
        channelId: post.resourceId,
        title: resource.title,
        description: resource.description,
        thumbnails: this.#thumbnails(post),
        channelTitle: channel?.name ?? '',
        playlistId: channel ? uploadsPlaylistOf(channel) : '',
        position,
        resourceId: { kind: 'youtube#video', videoId: post.id },
        videoOwnerChannelId: post.resourceId,
      },
      contentDetails: { videoId: post.id, videoPublishedAt: publishedAt },
      status: { privacyStatus: resource.privacyStatus },
    }
    return {
      kind: 'youtube#playlistItem',
      etag: random.text(27),
      id: Buffer.from(`${post.resourceId}.${post.id}`).toString('base64url'),
      ...Object.fromEntries(parts.filter((part) => part !== 'id').map((part) => [part, described[part]])),
    }
  }

  #thumbnails(post: Post) {
    const { thumbnailId } = factsOf(post)
    const url =
      thumbnailId === null ? `${this.#kit.base()}/web/thumbnail/${post.id}` : this.#kit.mediaUrl(thumbnailId)
    return { default: { url, width: 120, height: 90 }, medium: { url, width: 320, height: 180 } }
  }
}

/** Every post that stands for itself here is one of `add`. */
const factsOf = ({ facts }: Post): VideoFacts => facts as VideoFacts
