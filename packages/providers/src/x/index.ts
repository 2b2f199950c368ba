import { defineProvider } from '@postmcp/core'
import { classifyError } from './errors.js'
import { manifest } from './manifest.js'
import { refresh, revoke } from './oauth.js'
import { identify, listTargets, verify } from './profile.js'

/** X, by OAuth 2.0 with an application of the operator. */
export const x = defineProvider({
  manifest,

  // Connect: one grant is one account
  identify,
  listTargets,

  // Keep: refresh tokens serve once
  refresh,
  verify,
  revoke,

  classifyError,
})
