import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Manifest } from '@postmcp/core'
import { type sampleKinds, whyNot } from '@postmcp/core/testing'
import type { SandboxPost } from '../journeys/sandbox-admin.js'
import type { Client } from '../support/client.js'

export type Kind = (typeof sampleKinds)[number]

/** What came of one kind of post at one platform, in the words of the table. */
export interface Publication {
  /** The row. */
  platform: string
  kind: Kind
  /** Why the platform has no such post; null: it has. */
  whyNot: string | null
  /** What is not as it must be; null: nothing. */
  wrong: string | null
  /** What was seen. */
  words: string
}

/** A file that was uploaded. */
export interface UploadedFile {
  mediaId: string
  altText: string
  sha256: string
}

export interface SampleMedia {
  images: UploadedFile[]
  /** As this platform takes it, if it does. */
  video: UploadedFile | undefined
}

interface Draft {
  text: string
  title?: string
  media: UploadedFile[]
  link?: { url: string; title: string }
  replies?: string[]
}

const page = 'https://example.org/a-page'

/** A post of a kind as the platform takes it, with words of its own to find it by. */
function draftOf(kind: Kind, { id, publish: { limits } }: Manifest, { images, video }: SampleMedia): Draft {
  const count = kind === 'images' ? 2 : kind === 'image' || (!limits.textOnly && limits.images) ? 1 : 0
  const isVideo = kind === 'video' || (!limits.textOnly && !limits.images)
  const text = `A ${kind} post for ${id}, höchstens einmal 🙂`
  return {
    text,
    media: isVideo && video ? [video] : images.slice(0, count),
    ...(limits.title && { title: `A ${kind} title for ${id}` }),
    ...(kind === 'link' && { link: { url: page, title: 'A page' } }),
    ...(kind === 'replies' && { replies: [`First below: ${text}`, `Second below: ${text}`] }),
  }
}

/** Where a post is published, and how somebody there reads it. */
export interface Place {
  /** The row of the table. */
  name: string
  api: Client
  accountId: string
  media: SampleMedia
  /** What is there now, deleted posts left out or said to be deleted. */
  posts(): Promise<SandboxPost[]>
  /** Kinds that the platform has and this server of it does not, with the reason. */
  lacks?: Partial<Record<Kind, string>>
}

/** Publishes one kind of post through the API, looks at what the platform shows, and deletes it again where that can be done. */
export async function tryPublication(kind: Kind, manifest: Manifest, place: Place): Promise<Publication> {
  const { api, accountId, media, lacks = {} } = place
  const cell = { platform: place.name, kind }
  const reason = whyNot(kind, manifest.publish.limits) ?? lacks[kind] ?? null
  if (reason !== null) return { ...cell, whyNot: reason, wrong: null, words: '' }
  try {
    const draft = draftOf(kind, manifest, media)
    const group = await api.ok('POST', '/post-groups', {
      content: { ...draft, media: draft.media.map(({ mediaId, altText }) => ({ mediaId, altText })) },
      targets: [{ accountId }],
    })
    const { id } = group.posts[0]
    const post = await ended(api, id)
    need(post.state === 'published' && !post.failure, `it is ${post.state}: ${post.failure?.message}`)
    const shown = await shownOf(place, draft)
    const words = look(manifest, draft, post, shown)
    const deleted = await tryToDelete(api, manifest, id, () => shownOf(place, draft))
    return { ...cell, whyNot: null, wrong: null, words: `${words}, ${deleted}` }
  } catch (error) {
    return { ...cell, whyNot: null, wrong: error instanceof Error ? error.message : String(error), words: '' }
  }
}

const lookEveryMs = 500
const patienceMs = 120_000

/** The post once nothing more happens to it by itself. */
async function ended(api: Client, id: string) {
  const giveUpAt = Date.now() + patienceMs
  for (;;) {
    const post = await api.ok('GET', `/posts/${id}`)
    if (post.nextTryAt === null) return post
    need(Date.now() < giveUpAt, `after ${patienceMs} ms it is still ${post.state}`)
    await sleep(lookEveryMs)
  }
}

function need(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo) throw new Error(otherwise)
}

interface Shown {
  posts: SandboxPost[]
  replies: SandboxPost[]
}

/** What is there now with the words of this draft. */
async function shownOf(place: Place, { text }: Draft): Promise<Shown> {
  const all = (await place.posts()).filter((post) => {
    return post.deletedAt === null && post.text.includes(text)
  })
  return {
    posts: all.filter(({ inReplyTo }) => inReplyTo === null),
    replies: all.filter(({ inReplyTo }) => inReplyTo !== null),
  }
}

/** @throws Error that says what is not as it must be */
function look(
  manifest: Manifest,
  { text, title = '', media, link, replies = [] }: Draft,
  said: { platformPostId: string; permalink: string | null; visibility: string },
  shown: Shown,
): string {
  const { posts } = shown
  const [post] = posts
  need(post !== undefined && posts.length === 1, `${posts.length} posts are there`)
  need(said.platformPostId === post.id, `it is ${post.id}, not ${said.platformPostId}`)
  // What a reader sees begins with the title where there is one.
  const shownText = post.text.replace(title, '').trim()
  if (link) {
    need(shownText.startsWith(text), `its text is ${post.text}`)
    need(JSON.stringify([post.text, post.body]).includes(page), `the link is not there: ${post.text}`)
  } else {
    need(shownText === text, `its text is ${post.text}`)
  }
  const seen = post.media.map(({ sourceSha256 }) => sourceSha256)
  need(seen.join() === media.map(({ sha256 }) => sha256).join(), `its files are ${seen}`)
  for (const [index, { altText }] of media.entries()) {
    if (!showsAltText(manifest, post.media[index])) continue
    // One for all files where the platform has no more.
    const shownAltText = post.media[index]?.altText ?? ''
    need(shownAltText.split('\n').includes(altText), `the alt text of file ${index} is ${shownAltText}`)
  }
  const below = shown.replies.map((reply) => reply.text)
  need(below.join('\n') === replies.join('\n'), `below it stand ${JSON.stringify(below)}`)
  const at = said.permalink
  need(at === null || URL.canParse(at), `its permalink is ${at}`)
  need(said.visibility !== 'public' || at !== null, 'a public post has no permalink')
  return [
    said.visibility,
    ...(media.length > 0 ? [`${media.length} ${media.length === 1 ? 'file' : 'files'}`] : []),
    ...(replies.length > 0 ? [`${replies.length} replies`] : []),
    ...(at === null ? ['no permalink'] : []),
  ].join(', ')
}

const showsAltText = ({ publish: { limits } }: Manifest, shown: SandboxPost['media'][number] | undefined) => {
  const { maxAltTextGraphemes } = (shown?.mimeType.startsWith('video/') ? limits.videos : limits.images) ?? {}
  return maxAltTextGraphemes !== 0
}

async function tryToDelete(
  api: Client,
  { publish }: Manifest,
  id: string,
  look: () => Promise<Shown>,
): Promise<string> {
  const { status, text } = await api.call('DELETE', `/posts/${id}`)
  const { posts, replies } = await look()
  if (!publish.canDelete) {
    need(
      status === 409 && posts.length === 1,
      `asked to delete what cannot be deleted it says ${status} ${text}`,
    )
    return 'stays'
  }
  if (status === 409 && JSON.parse(text).code === 'missing_permission') {
    need(posts.length === 1, 'it says that it may not delete, and the post is gone')
    return 'stays: no permission'
  }
  need(status < 300, `asked to delete it says ${status} ${text}`)
  need(
    posts.length + replies.length === 0,
    `after it was deleted ${posts.length + replies.length} posts are there`,
  )
  return 'deleted'
}

/** Uploads files as a user does. */
export async function upload(
  api: Client,
  content: Uint8Array<ArrayBuffer>,
  altText: string,
): Promise<UploadedFile> {
  const raw = { type: 'application/octet-stream', content }
  const { id } = await api.ok('POST', '/media', undefined, { raw })
  return { mediaId: id, altText, sha256: createHash('sha256').update(content).digest('hex') }
}
