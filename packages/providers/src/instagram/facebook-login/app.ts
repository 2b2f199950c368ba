import { manifestOnWay } from '@postmcp/core'
import type { FacebookApp } from '../../meta/facebook-app.js'
import { classifyError } from '../errors.js'
import { graphVersion } from '../graph-version.js'
import { manifest } from '../manifest.js'
import { facebookLoginWay } from './way.js'

/** Facebook Login, for the Instagram accounts of Pages. */
export const app: FacebookApp = {
  manifest: manifestOnWay(manifest, facebookLoginWay.oauth2.way.id),
  endpoint: 'facebookGraph',
  version: graphVersion,
  classifyError,
}
