import { randomUUID } from 'node:crypto'
import { defineProvider } from '@postmcp/core'
import { classifyError, readTokenError } from './errors.js'
import { manifest } from './manifest.js'
import { identify, listTargets, verify } from './profile.js'
import { continuePublish, deletePost, findPublished, startPublish } from './publish.js'
import { validate } from './validate.js'

/** Pinterest: one person grants, each of their boards is an account. */
export const pinterest = defineProvider({
  manifest,

  // Connect: consent -> who granted -> the boards to choose from
  readTokenError,
  identify,
  listTargets,

  // Keep: the engine refreshes; there is no way to revoke from here
  verify,

  // Publish: a video goes up beforehand and is worked on; pictures travel in the request that makes the Pin
  validate,
  // Pinterest knows no key.
  createDedupeKey: () => randomUUID(),
  startPublish,
  continuePublish,
  findPublished,
  deletePost,

  classifyError,
})
