import { defineProvider } from '@postmcp/core'
import { classifyError, readTokenError } from './errors.js'
import { identify } from './identify.js'
import { manifest } from './manifest.js'
import { listTargets, verify } from './profile.js'
import { revoke } from './revoke.js'

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

  classifyError,
})
