export type { AddRequest } from './connect/add-accounts.js'
export { addAccounts } from './connect/add-accounts.js'
export { configuredClients } from './connect/configured-clients.js'
export type { ConnectRequest, ReconnectRequest } from './connect/connect-account.js'
export { connectAccount, continueConnection, reconnectAccount } from './connect/connect-account.js'
export { getConnection, getConnectStep } from './connect/connection-steps.js'
export type { Disconnected, Revocation } from './connect/disconnect-account.js'
export { disconnectAccount } from './connect/disconnect-account.js'
export type { CallbackResult, StartPage } from './connect/oauth-connection.js'
export {
  bindBrowser,
  completeAuthorization,
  completeByPaste,
  confirmAuthorization,
  openStartPage,
  takeOtherWay,
} from './connect/oauth-connection.js'
export type { OwnClientDraft } from './connect/own-client.js'
export { getOwnClient, removeOwnClient, setOwnClient } from './connect/own-client.js'
export type { Plans } from './connect/plans.js'
export { defaultPlans } from './connect/plans.js'
export type { CoreContext, Environment, MediaLimits, Timings } from './core-context.js'
export { defaultMediaLimits, defaultTimings } from './core-context.js'
export type { AccountReport } from './health/account-report.js'
export type { NextAction } from './health/next-action.js'
export type {
  HttpClient,
  HttpClientOptions,
  HttpRequest,
  HttpResponse,
  StreamBody,
} from './http/http-client.js'
export { createHttpClient, TransportError } from './http/http-client.js'
export type { FormPart } from './http/multipart.js'
export { multipart } from './http/multipart.js'
export { retryAfter } from './http/rate-limit.js'
export { addMedia } from './media/add-media.js'
export type { MediaAddress } from './media/add-media-from-url.js'
export { addMediaFromUrl } from './media/add-media-from-url.js'
export { deleteMedia } from './media/delete-media.js'
export { localMediaStorage } from './media/local-media-storage.js'
export type { ByteRange, MediaStorage } from './media/media-storage.js'
export { fileNameOf, mediaUrl, openMediaUrl } from './media/media-url.js'
export { openMedia } from './media/open-media.js'
export type { MediaUpload } from './media/receive.js'
export type { S3Settings } from './media/s3-media-storage.js'
export { s3MediaStorage } from './media/s3-media-storage.js'
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
export type { AuthMethod, TokenSet } from './model/grant.js'
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
export { mediaTypes } from './model/media.js'
export type {
  Attempt,
  Content,
  LinkCard,
  MediaItem,
  Post,
  PostFailure,
  PostGroup,
  PostGroupStatus,
  PostOptions,
  PostState,
  SentPost,
  TargetContent,
  UploadProgress,
  Visibility,
} from './model/post.js'
export { isFinal, postStates, visibilities } from './model/post.js'
export type { Scope } from './model/scope.js'
export { operatorContext } from './oauth/provider-context.js'
export { isGranted, missingScopes, publishingScopesOf } from './oauth/scopes.js'
export { loadSigningClient } from './oauth/signing-key.js'
export { inSeconds, readTokenAnswer, splitScopes } from './oauth/token-answer.js'
export { classifyTokenError, readTokenError } from './oauth/token-error.js'
export type { AppClient, ProviderContext } from './provider/context.js'
export { requireClient, variableOf } from './provider/context.js'
export type { Manifest, OAuth2Declaration, Way } from './provider/manifest.js'
export type { PlatformErrorDetails } from './provider/platform-error.js'
export { MalformedResponseError, PlatformError } from './provider/platform-error.js'
export type { PostLimits, PostOption, TextLimit, TextUnit } from './provider/post-limits.js'
export { postLimitsSchema, postOptionSchema } from './provider/post-limits.js'
export type {
  Authorization,
  AuthorizationServer,
  Classification,
  CodeExchange,
  DraftForTarget,
  DraftMedia,
  GrantAccess,
  InboundCallback,
  InboundNotice,
  LimitedTarget,
  MediaKind,
  Occasion,
  Provider,
  PublishContent,
  PublishInput,
  PublishMedia,
  PublishStep,
  Target,
  TargetAccess,
  Verification,
  WayHooks,
} from './provider/provider.js'
export { defineProvider } from './provider/provider.js'
export type { ProviderRegistry } from './provider/registry.js'
export { createRegistry } from './provider/registry.js'
export { applicationId, manifestOnWay, nameApplication, onWay, waysOf } from './provider/ways.js'
export type { PostGroupChange } from './publish/change-post-group.js'
export { changePostGroup } from './publish/change-post-group.js'
export { countText } from './publish/count-text.js'
export type { PostGroupDraft } from './publish/create-post-group.js'
export { createPostGroup, validateDraft } from './publish/create-post-group.js'
export type { PostGroupQuery, PostGroupView } from './publish/post-group.js'
export { getPostGroup, listPostGroups } from './publish/post-group.js'
export { publishGroupHere } from './publish/publish-group-here.js'
export type { NotRetried, RetryResult } from './publish/retry-post-group.js'
export { retryPostGroup } from './publish/retry-post-group.js'
export { cancelPostGroup, deletePost, getPost, listAttempts, resolvePost } from './publish/settle-post.js'
export type { CallbackAddress } from './refresh/receive-callback.js'
export { receiveCallback } from './refresh/receive-callback.js'
export { RefreshFlights } from './refresh/refresh-flights.js'
export type { StatusCheck, VerifiedAccount } from './refresh/verify-account.js'
export { verifyAccount } from './refresh/verify-account.js'
export type { ApiKey, OAuthClient, PageRequest, SandboxPlace, Store, Workspace } from './store/store.js'
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
export type { Worker } from './worker.js'
export { startWorker } from './worker.js'
export { getAccount, listAccounts, listStatusHistory } from './workspace/accounts.js'
export { authenticateApiKey, createApiKey, listApiKeys, revokeApiKey } from './workspace/api-keys.js'
export type { Finding } from './workspace/doctor.js'
export { diagnose } from './workspace/doctor.js'
export { createWorkspace } from './workspace/workspaces.js'
