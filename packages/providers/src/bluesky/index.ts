import { defineProvider } from '@postmcp/core'
import { authenticate } from './authenticate.js'
import { classifyError } from './errors.js'
import { manifest } from './manifest.js'
import { authorize, exchange } from './oauth/authorize.js'
import { clientDocuments } from './oauth/client-metadata.js'
import { revoke as revokeByOAuth } from './oauth/keep.js'
import { continuePublish, deletePost, findPublished, startPublish, validate } from './publish.js'
import { refresh } from './refresh.js'
import { deleteSession, serviceOf } from './session.js'
import { createTid } from './tid.js'
import { listTargets, verify } from './verify.js'

/** Bluesky, and every other server of the AT Protocol, by app password or by OAuth. */
export const bluesky = defineProvider({
  manifest,

  // Connect: handle -> DID -> server -> session, or -> authorization server -> consent -> tokens bound to a key
  authenticate,
  authorize,
  exchange,
  clientDocuments,
  listTargets,

  // Keep: one session, refreshed; an app password opens a new one when it has run out
  refresh,
  verify,
  async revoke(ctx, access) {
    if (access.authMethod === 'oauth2') return revokeByOAuth(ctx, access)
    const { refreshToken } = access.tokens
    if (refreshToken !== undefined) await deleteSession(ctx, serviceOf(access), refreshToken)
  },

  // Publish: our own record key, and a write that is refused when the key is taken
  validate,
  createDedupeKey: (now) => createTid(now),
  startPublish,
  continuePublish,
  findPublished,
  deletePost,

  classifyError,
})
