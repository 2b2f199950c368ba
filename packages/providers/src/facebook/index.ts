import { defineProvider } from '@postmcp/core'
import { readGraphError } from '../meta/graph.js'
import { receiveSignedRequest } from '../meta/signed-request.js'
import { classifyError } from './errors.js'
import { manifest } from './manifest.js'
import { listTargets } from './pages.js'
import { identify } from './profile.js'
import { revoke } from './revoke.js'
import { verify } from './verify.js'

/** Facebook Pages, by Facebook Login: one consent of a person, and a token of its own for each Page. */
export const facebook = defineProvider({
  manifest,

  // Connect: code -> short-lived token -> long-lived token -> Pages with tokens that have no end
  readTokenError: ({ json }) => readGraphError(json),
  identify,
  listTargets,

  // Keep: nothing to refresh; a Page is checked by its own token
  verify,
  revoke,
  receive: (ctx, callback) => receiveSignedRequest(ctx, manifest, callback),

  classifyError,
})
