import { randomUUID } from 'node:crypto'
import { defineProvider } from '@postmcp/core'
import { countWeighted } from './count-characters.js'
import { classifyError } from './errors.js'
import { findPublished } from './find-published.js'
import { limitsOf } from './limits.js'
import { manifest } from './manifest.js'
import { identify, listTargets, verify } from './profile.js'
import { continuePublish, deletePost, startPublish } from './publish.js'
import { registerClient } from './register.js'
import { revoke } from './revoke.js'
import { locateServer } from './server.js'
import { validate } from './validate.js'

/** Mastodon, and the servers that speak its API: each instance has its own accounts, its own OAuth and its own limits. */
export const mastodon = defineProvider({
  manifest,

  // Connect: instance -> its OAuth server -> our registration there -> consent -> who granted
  locateServer,
  registerClient,
  identify,
  listTargets,

  // Keep: most tokens have no end; the engine refreshes those that do
  verify,
  revoke,

  // Publish: files, then posts under keys; what was lost is looked for, for not every server knows keys
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
