export { type BadDay, BadDays, type SeenRequest } from './bad-days.js'
export type { CallbackPolicy, CallTry, Delivery, OutgoingCall } from './callbacks.js'
export type { Consent, ConsentChoice, ConsentDecision, ConsentRequest, ConsentScope } from './consent.js'
export { isConsentPath } from './consent-paths.js'
export { createDiscord } from './discord/index.js'
export { createLinkedin } from './linkedin/index.js'
export { createMastodon, type MastodonVariant } from './mastodon/index.js'
export { createPinterest } from './pinterest/index.js'
export type { PlatformErrors, PlatformKit, SandboxAccount, SandboxPlatform } from './platform.js'
export type { PlatformHandle } from './platform-handle.js'
export { platforms } from './platforms.js'
export { createSandbox, type Sandbox, type SandboxOptions } from './sandbox.js'
export type { SandboxClock } from './sandbox-clock.js'
export { type RunningSandbox, startSandbox } from './server.js'
export { createSlack } from './slack/index.js'
export {
  approve,
  asFakePlatform,
  deny,
  type SandboxFakeAccount,
  type SandboxFakePlatform,
} from './testing.js'
export { TokenError, type TokenErrorCode, type TokenErrorReason } from './token-error.js'
export type { TokenPolicy } from './token-policy.js'
export {
  type AccessToken,
  type Client,
  type Grant,
  type IssuedTokens,
  type TokenInspection,
  TokenService,
} from './token-service.js'
export { type Media, type Person, type Post, type Resource, World } from './world.js'
