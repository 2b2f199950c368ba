import { randomUUID } from 'node:crypto'
import { defineProvider } from '@postmcp/core'
import { authenticate } from './authenticate.js'
import { classifyError } from './errors.js'
import { manifest } from './manifest.js'
import { continuePublish, deletePost, startPublish } from './publish.js'
import { listTargets } from './targets.js'
import { validate } from './validate.js'
import { verify } from './verify.js'

/** Telegram channels and groups, by a bot of the user's own. */
export const telegram = defineProvider({
  manifest,

  // Connect: token -> bot -> the chat that was named, or those that its pending updates name
  authenticate,
  listTargets,

  // Keep: a bot token neither expires nor is refreshed; only its owner can end it, in BotFather
  verify,

  // Publish: the call with the files makes the post public; there is no key and no way to look
  createDedupeKey: () => randomUUID(),
  validate,
  startPublish,
  continuePublish,
  deletePost,

  classifyError,
})
