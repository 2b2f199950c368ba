import { randomUUID } from 'node:crypto'
import { defineProvider } from '@postmcp/core'
import { receiveSignedRequest } from '../meta/signed-request.js'
import { readTokenError } from '../meta/token-endpoint.js'
import { classifyError } from './errors.js'
import { manifest } from './manifest.js'
import { identify, listTargets } from './profile.js'
import { continuePublish, deletePost, findPublished, startPublish } from './publish.js'
import { refresh } from './refresh.js'
import { countWeighted, validate } from './text.js'
import { verify } from './verify.js'

/** Profiles of Threads, which takes a login and an app ID of its own. */
export const threads = defineProvider({
  manifest,

  // Connect: code -> token of an hour -> token of 60 days -> its scopes and the profile
  readTokenError,
  identify,
  listTargets,

  // Keep: the access token itself is extended; there is no way to end it from here
  refresh,
  verify,
  receive: (ctx, callback) => receiveSignedRequest(ctx, manifest, callback),

  // Publish: a container for each file and one for the post, which then is published; replies below it one by one
  validate,
  countWeighted,
  createDedupeKey: () => randomUUID(),
  startPublish,
  continuePublish,
  findPublished,
  deletePost,

  classifyError,
})
