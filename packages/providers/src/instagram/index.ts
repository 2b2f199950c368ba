import { randomUUID } from 'node:crypto'
import { defineProvider } from '@postmcp/core'
import { receiveSignedRequest } from '../meta/signed-request.js'
import { readTokenError } from '../meta/token-endpoint.js'
import { classifyError } from './errors.js'
import { facebookLogin } from './facebook-login/index.js'
import { facebookLoginWay } from './facebook-login/way.js'
import { manifest } from './manifest.js'
import { identify, listTargets } from './profile.js'
import { continuePublish, findPublished, startPublish } from './publish.js'
import { refresh } from './refresh.js'
import { readTokenAnswer } from './token-answer.js'
import { validate } from './validate.js'
import { verify } from './verify.js'

/** Professional accounts of Instagram: the hooks here are those of Instagram Login. */
export const instagram = defineProvider({
  manifest,
  ways: { [facebookLoginWay.oauth2.way.id]: facebookLogin },

  // Connect: code -> token of an hour -> token of 60 days -> the account
  readTokenError,
  readTokenAnswer,
  identify,
  listTargets,

  // Keep: the access token itself is extended; there is no way to end it from here
  refresh,
  verify,
  receive: (ctx, callback) => receiveSignedRequest(ctx, manifest, callback),

  // Publish: a container for each file and one for the post, which then is published
  validate,
  createDedupeKey: () => randomUUID(),
  startPublish,
  continuePublish,
  findPublished,

  classifyError,
})
