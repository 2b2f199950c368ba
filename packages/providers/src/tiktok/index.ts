import { defineProvider } from '@postmcp/core'
import { readTokenError } from './api.js'
import { classifyError } from './errors.js'
import { manifest } from './manifest.js'
import { identify, listTargets, verify } from './profile.js'
import { revoke } from './revoke.js'
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

  classifyError,
})
