import { randomUUID } from 'node:crypto'
import { defineProvider } from '@postmcp/core'
import { classifyError } from './errors.js'
import { findPublished } from './find-published.js'
import { limitsOf, validate } from './limits.js'
import { manifest } from './manifest.js'
import { readTokens, refresh } from './oauth.js'
import { identify } from './profile.js'
import { continuePublish, deletePost, startPublish } from './publish.js'
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

  // Publish: files, then the post; only those of company pages can be looked for
  limitsOf,
  validate,
  createDedupeKey: () => randomUUID(),
  startPublish,
  continuePublish,
  findPublished,
  deletePost,

  classifyError,
})
