import type { Manifest } from '@postmcp/core'
import { limits, options } from './limits.js'
import { scope } from './scopes.js'

/** Where people take away our access to their Google account. */
export const revokeAccessUrl = 'https://myaccount.google.com/permissions'

/** Where one makes a channel. */
export const createChannelUrl = 'https://support.google.com/youtube/answer/1646861'

/** The facts of YouTube: Google's authorization and the Data API v3. */
export const manifest = {
  id: 'youtube',
  name: 'YouTube',
  checkedOn: '2026-11-22',
  sources: [
    'https://developers.google.com/identity/protocols/oauth2/web-server',
    'https://developers.google.com/identity/protocols/oauth2',
    'https://developers.google.com/identity/openid-connect/openid-connect',
    'https://developers.google.com/youtube/v3/guides/auth/server-side-web-apps',
    'https://developers.google.com/youtube/v3/docs/channels/list',
    'https://developers.google.com/youtube/v3/docs/videos/insert',
    'https://developers.google.com/youtube/v3/docs/videos',
    'https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol',
    'https://developers.google.com/youtube/v3/docs/thumbnails/set',
    'https://developers.google.com/youtube/v3/docs/playlistItems/list',
    'https://developers.google.com/youtube/v3/docs/commentThreads/insert',
    'https://developers.google.com/youtube/v3/docs/commentThreads/list',
    'https://developers.google.com/youtube/v3/docs/errors',
    'https://developers.google.com/youtube/v3/revision_history',
    'https://www.npmjs.com/package/@googleapis/youtube/v/39.0.0',
  ],
  connect: {
    oauth2: {
      instructions:
        'Google asks for your account first, then for the channel, if you have more than one: choose the one to publish to, and leave every box ticked. To connect another channel, connect again and choose that one. If the Google Cloud project of this installation is in the publishing status "Testing", Google ends the access 7 days after each consent; only its operator can change that, and after the change you connect once more.',
      helpUrl: 'https://developers.google.com/identity/protocols/oauth2#expiration',
      fields: [],
      client: 'configured',
      authorizationUrl: '{accounts}/o/oauth2/v2/auth',
      tokenUrl: '{oauth}/token',
      // Ending a token that is dead already is an error there; `revoke` reads it as done.
      pkce: 'S256',
      clientAuthentication: 'client_secret_post',
      tokenRequest: 'form',
      parameterNames: { clientId: 'client_id', clientSecret: 'client_secret', scope: 'scope' },
      scopeSeparator: ' ',
      authorizationParameters: {
        // A refresh token comes only for offline access, and after the first time only with a new consent.
        access_type: 'offline',
        // Without the account chooser Google may skip the one for channels: github.com/gitroomhq/postiz-app/pull/1239.
        prompt: 'consent select_account',
        include_granted_scopes: 'true',
      },
      reconnectParameters: {},
      scopeGrant: 'union',
      redirect: 'loopback_ok',
    },
    // A token sees the one channel that was chosen for it.
    listsAllTargets: true,
    targetKinds: ['channel'],
  },
  app: {
    registrationUrl: 'https://console.cloud.google.com/apis/credentials',
    fields: [
      {
        name: 'clientId',
        label: 'Client ID',
        description:
          'Of an OAuth client of the type "Web application" in a Google Cloud project of your own.',
        secret: false,
        required: true,
        example: '1234567890-abc.apps.googleusercontent.com',
      },
      {
        name: 'clientSecret',
        label: 'Client secret',
        description: 'The secret of that OAuth client.',
        secret: true,
        required: true,
      },
    ],
  },
  endpoints: {
    accounts: { url: 'https://accounts.google.com', description: 'Where people consent.' },
    oauth: { url: 'https://oauth2.googleapis.com', description: 'Gives, renews and ends tokens.' },
    api: { url: 'https://www.googleapis.com', description: 'The YouTube Data API v3 and its uploads.' },
    web: {
      url: 'https://www.youtube.com',
      description: 'Where people look at channels and videos; only linked to.',
    },
  },
  scopes: [
    {
      name: scope.identity,
      need: 'required',
      why: 'Tells which Google account, or brand account, gave the access; no name and no e-mail address.',
    },
    {
      name: scope.upload,
      need: 'required',
      alternatives: [scope.forceSsl, scope.full, scope.partner],
      why: 'Uploads videos and their thumbnails.',
    },
    {
      name: scope.readonly,
      need: 'required',
      alternatives: [scope.forceSsl, scope.full, scope.partner],
      why: 'Reads which channel this is, and whether an upload is there and processed.',
    },
    {
      name: scope.forceSsl,
      need: 'optional',
      why: 'Deletes videos that were published from here, and writes comments below them; it would allow edits as well, so it is asked only where an operator wants that.',
    },
    {
      name: scope.full,
      need: 'never_asked',
      why: 'Manages the whole channel; nothing we do needs it.',
    },
    {
      name: scope.partner,
      need: 'never_asked',
      why: 'For content owners of the partner programme.',
    },
  ],
  tokens: {
    refresh: 'reusable',
    // The refresh token stays the same; it dies of six months without use.
    replay: { graceSeconds: 15_552_000 },
    refreshAheadSeconds: 300,
    verifyBy: 'call',
    // The grant of user and client goes, with every token of it.
    revocationScope: 'subject',
    neededToPublish: true,
  },
  publish: {
    dedupe: null,
    // An upload session answers what became of it; without the session the uploads of the channel are read. That a new upload is
    // listed within two minutes is a guess.
    reconcile: { read: [scope.readonly], afterSeconds: 120 },
    remainingRisk:
      'YouTube takes the same file twice. If the answer to an upload is lost and its upload session cannot be asked any more, we look for the title and the time among the latest uploads of the channel; a video you uploaded yourself at that moment under the same title is taken for ours, and one that is not listed yet is taken for never sent. A comment whose answer is lost is looked for below its video in the same way.',
    canDelete: true,
    deleteScopes: [scope.forceSsl, scope.full, scope.partner],
    limits,
    options,
  },
  rateLimits: [
    { what: 'uploads per Google Cloud project, until midnight Pacific Time', max: 100, perSeconds: 86_400 },
    {
      what: 'units of all other calls per Google Cloud project (a list is 1, a deletion, thumbnail or comment 50), until midnight Pacific Time',
      max: 10_000,
      perSeconds: 86_400,
    },
  ],
  links: {
    revokeAccess: revokeAccessUrl,
    createCredential: 'https://console.cloud.google.com/apis/credentials',
  },
} satisfies Manifest
