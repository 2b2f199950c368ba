import type { ProviderContext } from '@postmcp/core'
import { callAsApp, type FacebookApp, type FacebookCall } from '../meta/facebook-app.js'
import { classifyError } from './errors.js'
import { graphVersion, manifest } from './manifest.js'

/** Facebook Login, for Pages. */
export const facebookApp: FacebookApp = { manifest, endpoint: 'graph', version: graphVersion, classifyError }

/** Calls the Graph API with a token and the proof that it is our app that shows it. */
export const callFacebook = <T>(ctx: ProviderContext, call: FacebookCall<T>): Promise<T> =>
  callAsApp(facebookApp, ctx, call)
