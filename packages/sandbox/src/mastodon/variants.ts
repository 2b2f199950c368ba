import type { TokenPolicy } from '../token-policy.js'

/**
 * Servers that speak Mastodon's API, each in its own way. `mastodon` is 4.6; `strict` is a small server that requires PKCE, ends
 * tokens after seven days and is hard on mistakes.
 */
export type MastodonVariant =
  | 'mastodon'
  | 'mastodon-4.2'
  | 'pleroma'
  | 'gotosocial'
  | 'strict'
  | 'snac'
  | 'hollo'

/** How a server of one kind differs. Checked 2026-11, see the fact page of Mastodon. */
export interface VariantFacts {
  software: { name: string; version: string }
  /** What the instance document prints as its version. */
  version: string
  /** `api_versions.mastodon`; null: the document has no such field. */
  apiVersion: number | null
  /** Whether there is `/api/v2/instance`. */
  hasInstanceV2: boolean
  /** Whether there is `/.well-known/oauth-authorization-server`. */
  hasMetadata: boolean
  hasUserinfo: boolean
  hasProfileScope: boolean
  /** Whether a token without the scope is refused. */
  checksScopes: boolean
  /** Whether an unknown field of an app registration is refused. */
  refusesUnknownFields: boolean
  /** Who may list the posts of an account: anybody, or tokens with this scope. Of GoToSocial it is remembered, not verified. */
  listsPostsFor: 'anybody' | 'read:accounts'
  /** Null: the header is ignored, and a repetition posts twice. */
  idempotencySeconds: number | null
  /** Whether video and GIF are worked on after the answer. */
  worksOnMediaLater: boolean
  maxCharacters: number
  maxMediaAttachments: number
  charactersPerUrl: number
  /** Null: the document has no such field. */
  descriptionLimit: number | null
  /** Form of ids; all of them sort by age but for UUIDs. */
  ids: 'snowflake' | 'flake' | 'ulid' | 'hex' | 'uuid'
  tokens: TokenPolicy
}

const YEAR = 365 * 24 * 3600

const mastodonTokens: TokenPolicy = {
  codeLifeSeconds: 600,
  accessLifeSeconds: null,
  refreshLifeSeconds: null,
  rotation: 'none',
  replay: 'single_use',
  codeReplayRevokes: false,
  reusesAccessToken: true,
}

const mastodon: VariantFacts = {
  software: { name: 'mastodon', version: '4.6.2' },
  version: '4.6.2',
  apiVersion: 10,
  hasInstanceV2: true,
  hasMetadata: true,
  hasUserinfo: true,
  hasProfileScope: true,
  checksScopes: true,
  refusesUnknownFields: false,
  listsPostsFor: 'anybody',
  idempotencySeconds: 3600,
  worksOnMediaLater: true,
  maxCharacters: 500,
  maxMediaAttachments: 4,
  charactersPerUrl: 23,
  descriptionLimit: 1500,
  ids: 'snowflake',
  tokens: mastodonTokens,
}

/** The facts of each kind of server. */
export const VARIANTS: Readonly<Record<MastodonVariant, VariantFacts>> = {
  mastodon,
  'mastodon-4.2': {
    ...mastodon,
    software: { name: 'mastodon', version: '4.2.10' },
    version: '4.2.10',
    apiVersion: null,
    hasMetadata: false,
    hasUserinfo: false,
    hasProfileScope: false,
    descriptionLimit: null,
    tokens: { ...mastodonTokens, pkce: 'ignored' },
  },
  pleroma: {
    ...mastodon,
    software: { name: 'pleroma', version: '2.7.0' },
    version: '2.7.2 (compatible; Pleroma 2.7.0)',
    apiVersion: null,
    hasMetadata: false,
    hasUserinfo: false,
    hasProfileScope: false,
    idempotencySeconds: 6 * 3600,
    worksOnMediaLater: false,
    maxCharacters: 5000,
    maxMediaAttachments: 1000,
    ids: 'flake',
    tokens: {
      ...mastodonTokens,
      pkce: 'ignored',
      reusesAccessToken: false,
      accessLifeSeconds: 100 * YEAR,
      rotation: 'rotating',
      refreshEndsAccessTokens: true,
      replayEndsGrant: false,
    },
  },
  gotosocial: {
    ...mastodon,
    software: { name: 'gotosocial', version: '0.20.0' },
    version: '0.20.0',
    apiVersion: null,
    hasMetadata: false,
    hasUserinfo: false,
    listsPostsFor: 'read:accounts',
    idempotencySeconds: null,
    worksOnMediaLater: false,
    maxCharacters: 5000,
    maxMediaAttachments: 6,
    descriptionLimit: 5000,
    ids: 'ulid',
    tokens: { ...mastodonTokens, pkce: 'ignored', reusesAccessToken: false },
  },
  strict: {
    ...mastodon,
    software: { name: 'strict', version: '1.0.0' },
    version: '4.4.0 (compatible; strict 1.0.0)',
    apiVersion: null,
    idempotencySeconds: null,
    worksOnMediaLater: false,
    maxCharacters: 2000,
    ids: 'uuid',
    tokens: {
      ...mastodonTokens,
      pkce: 'required',
      reusesAccessToken: false,
      accessLifeSeconds: 7 * 24 * 3600,
      codeReplayRevokes: true,
      failedExchangeBurnsCode: true,
    },
  },
  snac: {
    ...mastodon,
    software: { name: 'snac', version: '2.83' },
    version: '4.0.0 (not true; really snac/2.83)',
    apiVersion: null,
    hasInstanceV2: false,
    hasMetadata: false,
    hasUserinfo: false,
    checksScopes: false,
    idempotencySeconds: null,
    worksOnMediaLater: false,
    maxCharacters: 100_000,
    descriptionLimit: null,
    ids: 'hex',
    tokens: { ...mastodonTokens, pkce: 'ignored', reusesAccessToken: false },
  },
  hollo: {
    ...mastodon,
    software: { name: 'hollo', version: '0.7.0' },
    version: '4.6.0+hollo-0.7.0',
    apiVersion: null,
    refusesUnknownFields: true,
    worksOnMediaLater: false,
    maxCharacters: 10_000,
    maxMediaAttachments: 8,
    charactersPerUrl: 256,
    descriptionLimit: null,
    ids: 'uuid',
    tokens: { ...mastodonTokens, reusesAccessToken: false },
  },
}
