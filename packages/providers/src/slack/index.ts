import { randomUUID } from 'node:crypto'
import { defineProvider } from '@postmcp/core'
import { classifyError, readTokenError } from './errors.js'
import { receive } from './events.js'
import { findPublished } from './find-published.js'
import { identify } from './identify.js'
import { listTargets } from './list-targets.js'
import { manifest } from './manifest.js'
import { continuePublish, deletePost, startPublish } from './publish.js'
import { revoke } from './revoke.js'
import { verify } from './verify.js'

/** Slack: an app with a bot user, installed in a workspace; every channel the bot may write to is a target. */
export const slack = defineProvider({
  manifest,

  // Connect: consent of the workspace -> bot token -> channels. Errors come with status 200.
  readTokenError,
  identify,
  listTargets,

  // Keep: without token rotation there is nothing to refresh; with it core refreshes as the standard says
  verify,
  revoke,
  receive,

  // Publish: a message, or files that are uploaded and then shared; Slack knows no key, messages carry one to be found by
  createDedupeKey: () => randomUUID(),
  startPublish,
  continuePublish,
  findPublished,
  deletePost,

  classifyError,
})
