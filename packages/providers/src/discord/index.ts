import { defineProvider } from '@postmcp/core'
import { limitsOf, validate } from './draft.js'
import { classifyError } from './errors.js'
import { identify } from './identify.js'
import { listTargets } from './list-targets.js'
import { manifest } from './manifest.js'
import { createNonce } from './nonce.js'
import { continuePublish, deletePost, startPublish } from './publish.js'
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

  // Publish: the call with the files makes the message; within minutes the bot may repeat it, a webhook may not
  createDedupeKey: createNonce,
  limitsOf,
  validate,
  startPublish,
  continuePublish,
  deletePost,

  classifyError,
})
