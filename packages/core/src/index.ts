export type { ConnectRequest } from './connect/connect-account.js'
export {
  connectAccount,
  continueConnection,
  getConnection,
  getConnectStep,
  reconnectAccount,
} from './connect/connect-account.js'
export type { Disconnected, Revocation } from './connect/disconnect-account.js'
export { disconnectAccount } from './connect/disconnect-account.js'
export type { CoreContext, Timings } from './core-context.js'
export { defaultTimings } from './core-context.js'
export type { AccountReport } from './health/account-report.js'
export type { NextAction } from './health/next-action.js'
export type { HttpClient, HttpClientOptions, HttpRequest, HttpResponse } from './http/http-client.js'
export { createHttpClient, TransportError } from './http/http-client.js'
export { retryAfter } from './http/rate-limit.js'
export { acceptedMimeTypes, addMedia, maxMediaBytes } from './media/add-media.js'
export { localMediaStorage } from './media/local-media-storage.js'
export type { MediaStorage } from './media/media-storage.js'
export type { Account, AccountStatus, Detector, Health, StatusReason } from './model/account.js'
export { healthStatuses } from './model/account.js'
export type { Clock, Logger } from './model/ambient.js'
export { silentLogger, systemClock } from './model/ambient.js'
export type {
  Connection,
  ConnectionState,
  ConnectStep,
  CredentialField,
  TargetSummary,
} from './model/connection.js'
export type { ErrorCode, ErrorDetails, Issue } from './model/errors.js'
export { errorKinds, isErrorCode, isPostMcpError, PostMcpError } from './model/errors.js'
export type { TokenSet } from './model/grant.js'
export type {
  AccountId,
  ApiKeyId,
  AttemptId,
  ConnectionId,
  GrantId,
  Id,
  IdKind,
  MediaId,
  PostGroupId,
  PostId,
  WorkspaceId,
} from './model/ids.js'
export { idPrefixes, isId, newId } from './model/ids.js'
export type { Json, JsonObject } from './model/json.js'
export type { Media } from './model/media.js'
export type {
  Attempt,
  Content,
  LinkCard,
  MediaItem,
  Post,
  PostFailure,
  PostGroup,
  PostGroupStatus,
  PostState,
  SentPost,
} from './model/post.js'
export { isFinal, postStates } from './model/post.js'
export type { Scope } from './model/scope.js'
export type { ProviderContext } from './provider/context.js'
export type { Manifest, PostLimits, TextUnit } from './provider/manifest.js'
export { MalformedResponseError, PlatformError } from './provider/platform-error.js'
export type {
  Authorization,
  Classification,
  GrantAccess,
  Occasion,
  Provider,
  PublishInput,
  PublishMedia,
  PublishStep,
  Target,
  Verification,
} from './provider/provider.js'
export { defineProvider } from './provider/provider.js'
export type { ProviderRegistry } from './provider/registry.js'
export { createRegistry } from './provider/registry.js'
export type { PostGroupDraft } from './publish/create-post-group.js'
export { createPostGroup, validateDraft } from './publish/create-post-group.js'
export type { PostGroupView } from './publish/post-group.js'
export { getPostGroup, listPostGroups } from './publish/post-group.js'
export type { NotRetried, RetryResult } from './publish/retry-post-group.js'
export { retryPostGroup } from './publish/retry-post-group.js'
export { cancelPostGroup, deletePost, getPost, listAttempts, resolvePost } from './publish/settle-post.js'
export { countText } from './publish/validate.js'
export type { Worker } from './publish/worker.js'
export { publishGroupHere, startWorker } from './publish/worker.js'
export { RefreshFlights } from './refresh/refresh-flights.js'
export type { StatusCheck, VerifiedAccount } from './refresh/verify-account.js'
export { verifyAccount } from './refresh/verify-account.js'
export type { ApiKey, PageRequest, Store, Workspace } from './store/store.js'
export type { KeyProvider } from './vault/key-provider.js'
export type { KeyRing } from './vault/local-key-ring.js'
export {
  addKeyToFile,
  createKeyRingFile,
  localKeyProvider,
  parseKeyRing,
  readKeyRingFile,
} from './vault/local-key-ring.js'
export type { RotationStep } from './vault/rotate-keys.js'
export { holderSeconds, reportKeys, rotateKeyEncryptionKey } from './vault/rotate-keys.js'
export type { Vault } from './vault/vault.js'
export { openVault, registerKeyRing } from './vault/vault.js'
export { getAccount, listAccounts, listStatusHistory } from './workspace/accounts.js'
export { authenticateApiKey, createApiKey, listApiKeys, revokeApiKey } from './workspace/api-keys.js'
export { createWorkspace } from './workspace/workspaces.js'
