import type { WayHooks } from '@postmcp/core'
import { identifyPerson, revokePermissions } from '../../meta/facebook-person.js'
import { listTargets } from './accounts.js'
import { app } from './app.js'
import { publishing } from './publish.js'
import { verify } from './verify.js'

/** Professional accounts of Instagram, by Facebook Login: one consent of a person, and the token of a Page for each account. */
export const facebookLogin: WayHooks = {
  // Connect: code -> short-lived token -> long-lived token -> accounts of Pages, with tokens of Pages that have no end
  readTokenAnswer: undefined,
  identify: (ctx, exchange) => identifyPerson(app, ctx, exchange),
  listTargets,

  // Keep: nothing to refresh; an account is checked by the token of its Page
  refresh: undefined,
  verify,
  revoke: (ctx, access) => revokePermissions(app, ctx, access),

  // Publish: the same containers at another host
  ...publishing,
}
