import { PostMcpError } from '@postmcp/core'
import { callAsApp } from '../../meta/facebook-app.js'
import { createPublishing } from '../containers.js'
import { app } from './app.js'

/** Publishing with Facebook Login: by the token of the Page, which outlives that of the person. */
export const publishing = createPublishing((ctx, { account }, call) => {
  const { pageToken } = account.secrets
  if (pageToken === undefined) {
    throw new PostMcpError('account_not_publishable', 'There is no token for the Page of this account.', {
      platform: 'instagram',
    })
  }
  return callAsApp(app, ctx, { ...call, token: pageToken })
})
