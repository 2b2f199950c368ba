import { Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { Person } from '../world.js'
import { requireAbilityToPost, requirePerson } from './access.js'
import { ApiError, describeData } from './errors.js'

/** Fields of a user, by the scope they take. */
const FIELDS: Readonly<Record<string, string>> = {
  open_id: 'user.info.basic',
  union_id: 'user.info.basic',
  avatar_url: 'user.info.basic',
  avatar_url_100: 'user.info.basic',
  avatar_large_url: 'user.info.basic',
  display_name: 'user.info.basic',
  bio_description: 'user.info.profile',
  profile_deep_link: 'user.info.profile',
  is_verified: 'user.info.profile',
  username: 'user.info.profile',
}

/** Who somebody is, and what they may post. */
export function createUserRoutes(kit: PlatformKit): Hono {
  const app = new Hono()

  /** @see https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info */
  app.get('/v2/user/info/', (c) => {
    const { person, scopes } = requirePerson(kit, c, 'user.info.basic')
    const fields = (c.req.query('fields') ?? '').split(',').filter(Boolean)
    if (fields.length === 0 || fields.some((field) => !Object.hasOwn(FIELDS, field)))
      throw new ApiError(400, 'invalid_params', 'The fields in the request are invalid.')
    if (fields.some((field) => !scopes.includes(FIELDS[field] ?? '')))
      throw new ApiError(400, 'scope_permission_missed', 'Some fields need additional scopes.')
    const user = describeUser(kit, person)
    return c.json(
      describeData(kit, { user: Object.fromEntries(fields.map((field) => [field, user[field]])) }),
    )
  })

  /** @see https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info */
  app.post('/v2/post/publish/creator_info/query/', (c) => {
    const { person } = requirePerson(kit, c, 'video.publish')
    requireAbilityToPost(person)
    const isPrivate = person.facts.isPrivate === true
    return c.json(
      describeData(kit, {
        creator_avatar_url: shortLived(kit, person),
        creator_username: person.handle,
        creator_nickname: person.name,
        privacy_level_options: privacyLevelsOf(person),
        comment_disabled: false,
        duet_disabled: isPrivate,
        stitch_disabled: isPrivate,
        max_video_post_duration_sec: 600,
      }),
    )
  })
  return app
}

/** Who may be shown a post of theirs. */
export const privacyLevelsOf = ({ facts }: Person): string[] => [
  facts.isPrivate === true ? 'FOLLOWER_OF_CREATOR' : 'PUBLIC_TO_EVERYONE',
  'MUTUAL_FOLLOW_FRIENDS',
  'SELF_ONLY',
]

/** Addresses of pictures are signed and end after two hours. */
const shortLived = (kit: PlatformKit, person: Person): string =>
  `${kit.avatarUrl(person)}?x-expires=${Math.floor(kit.now().getTime() / 1000) + 7200}`

function describeUser(kit: PlatformKit, person: Person): Record<string, unknown> {
  const picture = shortLived(kit, person)
  return {
    open_id: person.id,
    union_id: person.facts.unionId,
    avatar_url: picture,
    avatar_url_100: picture,
    avatar_large_url: picture,
    display_name: person.name,
    bio_description: 'A person of the PostMCP sandbox.',
    profile_deep_link: `${kit.base()}/www/@${person.handle}`,
    is_verified: false,
    username: person.handle,
  }
}
