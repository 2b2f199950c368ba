import { randomUUID } from 'node:crypto'
import { defineProvider } from '@postmcp/core'
import { readTokenError } from './api.js'
import { classifyError } from './errors.js'
import { limitsOf } from './limits.js'
import { manifest } from './manifest.js'
import { identify, listTargets, verify } from './profile.js'
import { continuePublish, findPublished, startPublish } from './publish.js'
import { revoke } from './revoke.js'
import { validate } from './validate.js'
import { receive } from './webhook.js'

/** TikTok accounts, by Login Kit. */
export const tiktok = defineProvider({
  manifest,

  // Connect: consent -> tokens, which name the account
  readTokenError,
  identify,
  listTargets,

  // Keep: every refresh brings a new refresh token (RFC 6749 with names of TikTok's own, by the engine)
  verify,
  revoke,
  receive,

  // Publish: videos in chunks, the last of which sends; photos by their addresses; then a look at what TikTok makes of it
  limitsOf,
  validate,
  // TikTok knows no key; a video is recognised by its publish id.
  createDedupeKey: () => randomUUID(),
  startPublish,
  continuePublish,
  findPublished,

  classifyError,
})
