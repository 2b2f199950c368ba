import type { Person, Post } from '../world.js'
import { describeAccount, profileUrl } from './account-entity.js'
import { describeMedia } from './media.js'
import type { Instance, StatusFacts } from './server.js'

/** @see https://docs.joinmastodon.org/entities/Status/ */
export function describeStatus(instance: Instance, post: Post, person: Person) {
  const facts = post.facts as unknown as StatusFacts
  const base = instance.kit.base()
  return {
    id: post.id,
    created_at: post.createdAt.toISOString(),
    in_reply_to_id: facts.inReplyToId,
    in_reply_to_account_id: null,
    sensitive: facts.sensitive,
    spoiler_text: facts.spoilerText,
    visibility: facts.visibility,
    language: facts.language,
    uri: `${base}/users/${person.handle}/statuses/${post.id}`,
    url: `${profileUrl(instance, person)}/${post.id}`,
    replies_count: 0,
    reblogs_count: 0,
    favourites_count: 0,
    quotes_count: 0,
    edited_at: null,
    favourited: false,
    reblogged: false,
    muted: false,
    bookmarked: false,
    pinned: false,
    content: toHtml(post.text),
    reblog: null,
    application: { name: facts.clientName, website: null },
    account: describeAccount(instance, person),
    media_attachments: post.media.map((media) => describeMedia(instance, media)),
    mentions: [],
    tags: hashtagsOf(post.text).map((name) => ({ name, url: `${base}/tags/${encodeURIComponent(name)}` })),
    emojis: [],
    card: null,
    poll: null,
  }
}

const hashtagsOf = (text: string) => [
  ...new Set([...text.matchAll(/(?<=^|\s)#([\p{L}\p{N}_]+)/gu)].map(([, name = '']) => name.toLowerCase())),
]

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const invisible = (text: string) => `<span class="invisible">${text}</span>`

/** As Mastodon does: of an address all is there, and a part of it is seen. */
function toHtml(text: string): string {
  const escaped = text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character)
  const linked = escaped.replace(/(https?:\/\/)([^\s<]+)/g, (url, scheme: string, rest: string) => {
    const [shown, hidden] = [rest.slice(0, 30), rest.slice(30)]
    const parts = [invisible(scheme), `<span class="ellipsis">${shown}</span>`, invisible(hidden)]
    return `<a href="${url}" rel="nofollow noopener" target="_blank">${parts.join('')}</a>`
  })
  return text === '' ? '' : `<p>${linked.replaceAll('\n', '<br />')}</p>`
}
