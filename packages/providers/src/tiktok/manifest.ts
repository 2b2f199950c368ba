import type { Manifest } from '@postmcp/core'
import { limits, options } from './limits.js'

/** Scopes of TikTok by what they let us do. */
export const scope = {
  basic: 'user.info.basic',
  publish: 'video.publish',
  upload: 'video.upload',
  list: 'video.list',
  profile: 'user.info.profile',
} as const

const appsUrl = 'https://developers.tiktok.com/apps/'

/** The facts of TikTok: Login Kit and the Content Posting API, both version 2. */
export const manifest = {
  id: 'tiktok',
  name: 'TikTok',
  checkedOn: '2026-11-22',
  sources: [
    'https://developers.tiktok.com/doc/login-kit-web',
    'https://developers.tiktok.com/doc/oauth-get-a-user-access-token',
    'https://developers.tiktok.com/docs/en/oauth-refresh-a-user-access-token',
    'https://developers.tiktok.com/docs/en/oauth-revoke-a-user-access-token',
    'https://developers.tiktok.com/doc/oauth-error-handling',
    'https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info',
    'https://developers.tiktok.com/doc/tiktok-api-v2-error-handling',
    'https://developers.tiktok.com/doc/tiktok-api-v2-rate-limit',
    'https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info',
    'https://developers.tiktok.com/doc/content-posting-api-reference-direct-post',
    'https://developers.tiktok.com/doc/content-posting-api-reference-upload-video',
    'https://developers.tiktok.com/doc/content-posting-api-reference-photo-post',
    'https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status',
    'https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide',
    'https://developers.tiktok.com/doc/content-sharing-guidelines',
    'https://developers.tiktok.com/doc/webhooks-events',
    'https://developers.tiktok.com/doc/webhooks-verification',
  ],
  connect: {
    oauth2: {
      instructions:
        'TikTok shows the account you are logged in to in this browser; to connect another one, change the account there first. Leave all permissions switched on. As long as TikTok has not audited the application of this installation, only 5 people a day can post with it, their accounts must be private while posting, and posts are visible to themselves only.',
      helpUrl: 'https://developers.tiktok.com/doc/content-sharing-guidelines',
      fields: [],
      client: 'configured',
      authorizationUrl: '{www}/v2/auth/authorize/',
      tokenUrl: '{open}/v2/oauth/token/',
      // It ends an access token, not a refresh token; see `revoke`.
      // A web client has none; for desktop clients the challenge is in hexadecimal, unlike RFC 7636.
      pkce: 'none',
      clientAuthentication: 'client_secret_post',
      tokenRequest: 'form',
      parameterNames: { clientId: 'client_key', clientSecret: 'client_secret', scope: 'scope' },
      scopeSeparator: ',',
      authorizationParameters: {},
      // Otherwise whoever has a session is sent back without being asked, with the account and scopes of before.
      reconnectParameters: { disable_auto_auth: '1' },
      scopeGrant: 'replace',
      redirect: 'https_only',
    },
    listsAllTargets: true,
    targetKinds: ['profile'],
  },
  app: {
    registrationUrl: appsUrl,
    fields: [
      {
        name: 'clientId',
        label: 'Client key',
        description: 'The client key of your app; TikTok’s word for a client id.',
        secret: false,
        required: true,
        example: 'aw1234567890abcd',
      },
      {
        name: 'clientSecret',
        label: 'Client secret',
        description: 'The client secret of your app. Callbacks of TikTok are signed with it, too.',
        secret: true,
        required: true,
      },
    ],
  },
  endpoints: {
    www: {
      url: 'https://www.tiktok.com',
      description: 'Where people consent, and look at profiles and posts.',
    },
    open: { url: 'https://open.tiktokapis.com', description: 'Tokens and the API.' },
  },
  scopes: [
    {
      name: scope.basic,
      need: 'required',
      why: 'Tells which account it is, by id and display name.',
    },
    {
      name: scope.publish,
      need: 'required',
      why: 'Publishes videos and photos, and reads the user name and what the account may post.',
    },
    {
      name: scope.upload,
      need: 'required',
      why: 'Sends a video or photos as a draft to the inbox of the app, to be finished there.',
    },
    {
      name: scope.list,
      need: 'never_asked',
      why: 'Reads the public videos back; whether photos are among them is not documented, and videos need it not.',
    },
    {
      name: scope.profile,
      need: 'never_asked',
      why: 'Biography and links; the user name comes with the permission to publish.',
    },
  ],
  tokens: {
    refresh: 'rotating',
    // The one before stops working once a new one is issued.
    replay: 'single_use',
    // Access tokens live 2 hours (24 by pages of spring 2026); how long is read from each answer.
    refreshAheadSeconds: 600,
    verifyBy: 'call',
    // It disconnects the app from the account.
    revocationScope: 'subject',
    neededToPublish: true,
  },
  publish: {
    dedupe: null,
    // Once there is a publish id, TikTok says what became of it; a lost answer to photos is left to a person.
    reconcile: 'container',
    remainingRisk:
      'TikTok makes a new post of every request. For photos, which it always fetches from us, nobody can look up whether a request was accepted whose answer was lost; the post is then left to you and not sent again. Videos are not concerned.',
    canDelete: false,
    // The last chunk of a video, which is the largest.
    sendSeconds: 180,
    limits,
    quotas: [{ what: 'posts', max: 15, perSeconds: 86_400 }],
    pace: { account: { max: 6, perSeconds: 60 } },
    options,
  },
  rateLimits: [
    { what: 'posts begun per account', max: 6, perSeconds: 60 },
    { what: 'questions what an account may post, per account', max: 20, perSeconds: 60 },
    { what: 'questions for the state of a post, per account', max: 30, perSeconds: 60 },
    { what: 'reads of the profile, per application', max: 600, perSeconds: 60 },
    { what: 'posts per account from all applications, about', max: 15, perSeconds: 86_400 },
    { what: 'drafts that wait in an inbox, per account', max: 5, perSeconds: 86_400 },
  ],
  links: {
    revokeAccess:
      'https://support.tiktok.com/en/safety-hc/account-and-user-safety/connect-to-third-party-apps',
    createCredential: appsUrl,
  },
} satisfies Manifest
