import { defineProvider } from '@postmcp/core'
import { receiveSignedRequest } from '../meta/signed-request.js'
import { readTokenError } from '../meta/token-endpoint.js'
import { classifyError } from './errors.js'
import { manifest } from './manifest.js'
import { identify, listTargets } from './profile.js'
import { refresh } from './refresh.js'
import { readTokenAnswer } from './token-answer.js'
import { verify } from './verify.js'

/** Professional accounts of Instagram, by Instagram Login. */
export const instagram = defineProvider({
  manifest,

  // Connect: code -> token of an hour -> token of 60 days -> the account
  readTokenError,
  readTokenAnswer,
  identify,
  listTargets,

  // Keep: the access token itself is extended; there is no way to end it from here
  refresh,
  verify,
  receive: (ctx, callback) => receiveSignedRequest(ctx, manifest, callback),

  classifyError,
})
