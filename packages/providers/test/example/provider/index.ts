import { randomUUID } from 'node:crypto'
import { defineProvider } from '@postmcp/core'
import { classifyError } from './errors.js'
import { manifest } from './manifest.js'
import { identify, listTargets, verify } from './profile.js'
import { continuePublish, deletePost, startPublish } from './publish.js'

/** Example: one person grants, each of their pages is an account. */
export const example = defineProvider({
  manifest,

  // Connect: consent -> who granted -> the pages to choose from
  identify,
  listTargets,

  // Keep: the engine refreshes and revokes
  verify,

  // Publish: a key that Example recognises for a day
  createDedupeKey: () => randomUUID(),
  startPublish,
  continuePublish,
  deletePost,

  classifyError,
})
