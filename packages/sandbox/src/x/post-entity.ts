import { createHash } from 'node:crypto'
import type { PlatformKit } from '../platform.js'
import type { Media, Post } from '../world.js'
import { type Category, mediaKey } from './uploads.js'
import { addressesIn } from './weigh.js'

/** Fields of a post that may be asked for, as far as they are known here. */
export const FIELDS: readonly string[] = [
  ...[
    'id',
    'text',
    'created_at',
    'conversation_id',
    'attachments',
    'entities',
    'note_post',
    'reply_settings',
  ],
  ...['lang', 'source', 'edit_controls', 'public_metrics'],
]

const TEASER_LENGTH = 274

/**
 * A post as the API shows it: addresses and files replaced by links of its own, written as in HTML.
 * @see https://docs.x.com/x-api/fundamentals/data-dictionary
 */
export function describePost(kit: PlatformKit, post: Post, asked: readonly string[] = []) {
  const links = [...linksOf(post), ...fileLinksOf(kit, post)]
  const addresses = links.filter(({ media_key: file }) => file === undefined)
  const shortened = addresses.reduce(
    (text, { url, expanded_url: address }) => text.replace(address, url),
    post.text,
  )
  const fileLink = links.find(({ media_key: file }) => file !== undefined)?.url
  const whole = toHtml([shortened, fileLink].filter(Boolean).join(' '))
  const isLong = [...shortened].length > 280
  const text = isLong ? `${[...whole].slice(0, TEASER_LENGTH).join('')}…` : whole
  const urls = (shown: string) =>
    links.flatMap((link) => {
      const start = shown.indexOf(link.url)
      return start < 0 ? [] : [{ start, end: start + link.url.length, ...link }]
    })
  const entities = (shown: string) => (urls(shown).length > 0 ? { urls: urls(shown) } : undefined)
  const fields: Record<string, unknown> = {
    created_at: post.createdAt.toISOString(),
    conversation_id: post.facts.conversationId ?? post.id,
    attachments: post.media.length > 0 ? { media_keys: post.media.map(keyOf) } : undefined,
    entities: entities(text),
    note_post: isLong ? { text: whole, entities: entities(whole) } : undefined,
    reply_settings: 'everyone',
    lang: 'en',
  }
  return {
    id: post.id,
    text,
    edit_history_post_ids: [post.id],
    ...Object.fromEntries(
      Object.entries(fields).filter(([name, value]) => asked.includes(name) && value !== undefined),
    ),
  }
}

interface Link {
  url: string
  expanded_url: string
  display_url: string
  media_key?: string
}

const linksOf = ({ id, text }: Post): Link[] =>
  addressesIn(text).map((address, index) => ({
    url: short(`${id} ${index}`),
    expanded_url: address,
    display_url: address.replace(/^https?:\/\/(?:www\.)?/i, '').slice(0, 26),
  }))

/** All files of a post have one link. */
const fileLinksOf = (kit: PlatformKit, { id, personId, media }: Post): Link[] =>
  media.map((file) => {
    const { handle = 'i' } = kit.world.person(personId ?? '') ?? {}
    const kind = file.facts.category === 'tweet_image' ? 'photo' : 'video'
    const name = short(`${id} media`)
    return {
      url: name,
      expanded_url: `https://x.com/${handle}/status/${id}/${kind}/1`,
      display_url: `pic.x.com/${name.split('/').at(-1)}`,
      media_key: keyOf(file),
    }
  })

const keyOf = ({ id, facts }: Media): string => mediaKey({ id, category: facts.category as Category })

const short = (what: string): string =>
  `https://t.co/${createHash('sha256').update(what).digest('base64url').replaceAll(/[-_]/g, '0').slice(0, 10)}`

const toHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
