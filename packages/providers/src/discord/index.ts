import { defineProvider } from '@postmcp/core'
import { classifyError } from './errors.js'
import { identify } from './identify.js'
import { listTargets } from './list-targets.js'
import { manifest } from './manifest.js'
import { revoke } from './revoke.js'
import { verify } from './verify.js'

/** Discord: one bot for the whole installation, invited into servers; every channel it may write to is a target. */
export const discord = defineProvider({
  manifest,

  // Connect: the token answer proves the server; the bot looks at its channels
  identify,
  listTargets,

  // Keep: everything is asked with the bot token; the token of the person is refreshed by core while that works
  verify,
  revoke,

  classifyError,
})
