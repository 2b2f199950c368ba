import type { Person } from '../world.js'
import type { Instance } from './server.js'

/** Since when everybody here has had an account. */
const JOINED = '2026-01-01T00:00:00.000Z'

/** Where a person's profile is. */
export const profileUrl = ({ kit }: Instance, person: Person): string => `${kit.base()}/@${person.handle}`

/** The ActivityPub id of a person. */
export const actorUri = ({ kit }: Instance, person: Person): string => `${kit.base()}/users/${person.handle}`

/** @see https://docs.joinmastodon.org/entities/Account/ */
export function describeAccount(instance: Instance, person: Person) {
  const { world } = instance.kit
  const posts = world.posts({ personId: person.id })
  const avatar = instance.kit.avatarUrl(person)
  return {
    id: person.id,
    username: person.handle,
    acct: person.handle,
    url: profileUrl(instance, person),
    uri: actorUri(instance, person),
    display_name: person.name,
    note: '<p>A person of the PostMCP sandbox.</p>',
    avatar,
    avatar_static: avatar,
    avatar_description: '',
    header: avatar,
    header_static: avatar,
    header_description: '',
    locked: false,
    fields: [],
    emojis: [],
    bot: false,
    group: false,
    discoverable: null,
    indexable: false,
    noindex: false,
    hide_collections: null,
    ...(person.condition === 'silenced' && { limited: true }),
    created_at: JOINED,
    last_status_at: posts.at(-1)?.createdAt.toISOString().slice(0, 10) ?? null,
    statuses_count: posts.length,
    followers_count: 0,
    following_count: 0,
    roles: [],
  }
}

/** @see https://docs.joinmastodon.org/entities/Account/#CredentialAccount */
export const describeOwnAccount = (instance: Instance, person: Person) => ({
  ...describeAccount(instance, person),
  source: {
    privacy: 'public',
    sensitive: false,
    language: 'en',
    note: 'A person of the PostMCP sandbox.',
    fields: [],
    follow_requests_count: 0,
    attribution_domains: [],
    discoverable: null,
    hide_collections: null,
    indexable: false,
    quote_policy: 'public',
  },
  role: { id: '-99', name: '', color: '', permissions: '0', highlighted: false },
})
