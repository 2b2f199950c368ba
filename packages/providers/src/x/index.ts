import { randomUUID } from 'node:crypto'
import { defineProvider } from '@postmcp/core'
import { classifyError } from './errors.js'
import { findPublished } from './find-published.js'
import { limitsOf } from './limits.js'
import { manifest } from './manifest.js'
import { refresh, revoke } from './oauth.js'
import { identify, listTargets, verify } from './profile.js'
import { continuePublish, deletePost, startPublish } from './publish.js'
import { validate } from './validate.js'
import { countWeighted } from './weighted-length.js'

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

  // Publish: files, then a post, then what follows in the thread; what was lost is looked for, for X has no keys
  limitsOf,
  validate,
  countWeighted,
  createDedupeKey: () => randomUUID(),
  startPublish,
  continuePublish,
  findPublished,
  deletePost,

  classifyError,
})
