import type { Delivery } from './callbacks.js'
import type { PlatformHandle } from './platform-handle.js'
import type { Post } from './world.js'

/** What may be looked at of a platform. Tokens and client secrets are not in it. */
export function viewPlatform(handle: PlatformHandle) {
  const { world, tokens, badDays } = handle
  return {
    id: handle.id,
    name: handle.name,
    simulated: true,
    base: handle.base,
    endpoints: handle.endpoints,
    conditions: ['active', ...(handle.platform.conditions ?? [])],
    people: world.people().map((person) => ({
      id: person.id,
      name: person.name,
      handle: person.handle,
      condition: person.condition,
      // What this person types to connect; a bot token of the sandbox opens nothing but the sandbox.
      connectFields: handle.connectFields(person.id),
    })),
    resources: world.resources().map(({ kind, id, name, ownerIds }) => ({ kind, id, name, ownerIds })),
    grants: tokens.grants().map((grant) => ({
      id: grant.id,
      client: tokens.client(grant.clientId)?.name ?? null,
      personId: grant.personId,
      scopes: grant.scopes,
      resourceIds: grant.resourceIds,
      createdAt: grant.createdAt.toISOString(),
      revokedAt: grant.revokedAt?.toISOString() ?? null,
    })),
    badDays: badDays
      .current()
      .map((day) => ({ ...day, ...(day.path !== undefined && { path: String(day.path) }) })),
    callbacks: handle.callbacks?.deliveries().map(viewDelivery) ?? null,
    posts: world.posts().length,
  }
}

/** A call to an application as it may be looked at. */
const viewDelivery = ({ tries, nextTryAt, ...delivery }: Delivery) => ({
  ...delivery,
  tries: tries.map(({ at, ...each }) => ({ at: at.toISOString(), ...each })),
  nextTryAt: nextTryAt?.toISOString() ?? null,
})

/** A post as it may be looked at. */
export const viewPost = (post: Post) => ({
  id: post.id,
  personId: post.personId,
  resourceId: post.resourceId,
  text: post.text,
  isPublic: post.isPublic,
  createdAt: post.createdAt.toISOString(),
  deletedAt: post.deletedAt?.toISOString() ?? null,
  inReplyTo: post.inReplyTo,
  media: post.media.map(({ id, mimeType, byteLength, sha256, altText, facts }) => ({
    id,
    mimeType,
    byteLength,
    sha256,
    // Of the file as it was given, where the platform has made another one of it.
    sourceSha256: typeof facts.sourceSha256 === 'string' ? facts.sourceSha256 : sha256,
    altText,
  })),
  body: post.body,
})
