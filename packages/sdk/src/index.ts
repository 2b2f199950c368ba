export { PostMcp, type PostMcpOptions } from './client.js'
export { PostMcpApiError } from './errors.js'
export { Page, type PageQuery } from './pagination.js'
export type { Fetch, KeyedRequestOptions, RequestOptions } from './request.js'
export type { Accounts, ConnectRequest, ReconnectRequest, StatusQuery } from './resources/accounts.js'
export type { ApiKeys } from './resources/api-keys.js'
export {
  type BrowserWaitOptions,
  type ConnectionInput,
  type Connections,
  isInBrowser,
} from './resources/connections.js'
export type { MediaFiles, UploadOptions } from './resources/media.js'
export type { Platforms } from './resources/platforms.js'
export { isFinal, type PostGroupQuery, type PostGroups, type WaitOptions } from './resources/post-groups.js'
export type { Posts } from './resources/posts.js'
export type { Workspaces } from './resources/workspace.js'
export type * from './types.js'
export type { OnProgress, Uploadable } from './upload.js'
