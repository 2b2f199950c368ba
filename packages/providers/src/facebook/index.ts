import { randomUUID } from 'node:crypto'
import { defineProvider } from '@postmcp/core'
import { identifyPerson, revokePermissions } from '../meta/facebook-person.js'
import { readGraphError } from '../meta/graph.js'
import { receiveSignedRequest } from '../meta/signed-request.js'
import { facebookApp } from './api.js'
import { classifyError } from './errors.js'
import { findPublished } from './find.js'
import { manifest } from './manifest.js'
import { listTargets } from './pages.js'
import { continuePublish, deletePost, startPublish } from './publish.js'
import { validate } from './validate.js'
import { verify } from './verify.js'

/** Facebook Pages, by Facebook Login: one consent of a person, and a token of its own for each Page. */
export const facebook = defineProvider({
  manifest,

  // Connect: code -> short-lived token -> long-lived token -> Pages with tokens that have no end
  readTokenError: ({ json }) => readGraphError(json),
  identify: (ctx, exchange) => identifyPerson(facebookApp, ctx, exchange),
  listTargets,

  // Keep: nothing to refresh; a Page is checked by its own token
  verify,
  revoke: (ctx, access) => revokePermissions(facebookApp, ctx, access),
  receive: (ctx, callback) => receiveSignedRequest(ctx, manifest, callback),

  // Publish: files where nobody sees them, then the post, reel or story that shows them
  validate,
  createDedupeKey: () => randomUUID(),
  startPublish,
  continuePublish,
  findPublished,
  deletePost,

  classifyError,
})
