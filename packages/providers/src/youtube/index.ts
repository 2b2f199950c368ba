import { randomUUID } from 'node:crypto'
import { defineProvider } from '@postmcp/core'
import { classifyError, readTokenError } from './errors.js'
import { identify } from './identify.js'
import { limitsOf } from './limits.js'
import { manifest } from './manifest.js'
import { listTargets, verify } from './profile.js'
import { continuePublish, deletePost, findPublished, startPublish } from './publish.js'
import { revoke } from './revoke.js'
import { validate } from './video-resource.js'

/** YouTube channels, by a Google account's consent. */
export const youtube = defineProvider({
  manifest,

  // Connect: consent -> tokens and identity -> the channel that was chosen
  readTokenError,
  identify,
  listTargets,

  // Keep: the refresh token stays the same (RFC 6749, by the engine)
  verify,
  revoke,

  // Publish: an upload session, chunks, a small last one that makes the video, a look at what YouTube makes of it
  limitsOf,
  validate,
  // YouTube knows no key; the upload session is what a repetition is recognised by.
  createDedupeKey: () => randomUUID(),
  startPublish,
  continuePublish,
  findPublished,
  deletePost,

  classifyError,
})
