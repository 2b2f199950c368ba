import { callInstagram } from './api.js'
import { createPublishing } from './containers.js'

/** Publishing with Instagram Login. */
export const { startPublish, continuePublish, findPublished } = createPublishing((ctx, { access }, call) =>
  callInstagram(ctx, { ...call, token: access.tokens.accessToken }),
)
