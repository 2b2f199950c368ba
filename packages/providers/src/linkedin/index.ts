import { defineProvider } from '@postmcp/core'
import { classifyError } from './errors.js'
import { manifest } from './manifest.js'
import { readTokens, refresh } from './oauth.js'
import { identify } from './profile.js'
import { listTargets, verify } from './verify.js'

/** LinkedIn: a member, and the company pages they may post to. */
export const linkedin = defineProvider({
  manifest,

  // Connect: who granted comes with the tokens
  readTokenAnswer: readTokens,
  identify,
  listTargets,

  // Keep: partners refresh, everyone else consents again; introspection says how a token is
  refresh,
  verify,

  classifyError,
})
