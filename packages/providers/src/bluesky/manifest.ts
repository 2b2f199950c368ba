import type { Manifest } from '@postmcp/core'

/** Where users make and delete app passwords. */
export const createCredentialUrl = 'https://bsky.app/settings/app-passwords'

/** The facts of Bluesky. The rate limits are those of the hosted service; other servers have their own. */
export const manifest = {
  id: 'bluesky',
  name: 'Bluesky',
  checkedOn: '2026-11-22',
  sources: [
    'https://atproto.com/specs/xrpc',
    'https://atproto.com/specs/handle',
    'https://atproto.com/specs/did',
    'https://atproto.com/specs/tid',
    'https://atproto.com/specs/oauth',
    'https://atproto.com/specs/permission',
    'https://docs.bsky.app/docs/advanced-guides/rate-limits',
    'https://docs.bsky.app/docs/advanced-guides/post-richtext',
    'https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json',
    'https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/images.json',
    'https://github.com/bluesky-social/atproto/tree/main/packages/pds/src/account-manager',
  ],
  connect: {
    credentials: {
      instructions:
        'Create an app password in Bluesky under Settings, Privacy and security, App passwords, and give it here with your handle. Never give your main password.',
      helpUrl: createCredentialUrl,
      fields: [
        {
          name: 'identifier',
          label: 'Handle',
          description: 'Your handle. A DID, or the e-mail address of the account, will do as well.',
          secret: false,
          required: true,
          example: 'name.bsky.social',
        },
        {
          name: 'appPassword',
          label: 'App password',
          description: 'An app password, not the main password of the account.',
          secret: true,
          required: true,
          example: 'xxxx-xxxx-xxxx-xxxx',
        },
        {
          name: 'service',
          label: 'Server',
          description:
            'Address of the server that hosts the account. Needed only where it cannot be found by the handle.',
          secret: false,
          required: false,
          example: 'https://pds.example.org',
        },
      ],
    },
    oauth2: {
      instructions:
        'You are sent to the server of your account, which asks whether PostMCP may publish posts for you. No password is given to us.',
      helpUrl: 'https://atproto.com/guides/oauth',
      fields: [
        {
          name: 'identifier',
          label: 'Handle',
          description:
            'Your handle or DID; or the address of your server, such as https://bsky.social, which then asks who you are.',
          secret: false,
          required: true,
          example: 'name.bsky.social',
        },
      ],
      client: 'document',
      pkce: 'S256',
      clientAuthentication: 'none',
      tokenRequest: 'form',
      parameterNames: { clientId: 'client_id', clientSecret: 'client_secret', scope: 'scope' },
      scopeSeparator: ' ',
      authorizationParameters: {},
      reconnectParameters: {},
      scopeGrant: 'replace',
      redirect: 'loopback_ok',
    },
    listsAllTargets: true,
    targetKinds: ['profile'],
  },
  endpoints: {
    resolver: {
      url: 'https://public.api.bsky.app',
      description: 'Says which account a handle belongs to, and gives public profiles.',
    },
    plc: {
      url: 'https://plc.directory',
      description: 'Directory of the did:plc accounts: says where each one lives.',
    },
    entryway: {
      url: 'https://bsky.social',
      description: 'Where accounts log in that are named by an e-mail address only.',
    },
    video: {
      url: 'https://video.bsky.app',
      description: 'The video service: works on videos and puts them where the account lives.',
    },
    web: { url: 'https://bsky.app', description: 'Where people look at profiles and posts; only linked to.' },
  },
  scopes: [
    {
      name: 'atproto',
      need: 'required',
      method: 'oauth2',
      why: 'Says which account it is; every connection has it.',
    },
    {
      name: 'repo:app.bsky.feed.post',
      need: 'required',
      method: 'oauth2',
      alternatives: ['transition:generic'],
      why: 'To publish posts under a key of our own, so that none is published twice, and to delete them.',
    },
    {
      name: 'blob:image/*',
      need: 'required',
      method: 'oauth2',
      alternatives: ['transition:generic'],
      why: 'To upload the images of a post.',
    },
    {
      name: 'blob:video/*',
      need: 'required',
      method: 'oauth2',
      alternatives: ['transition:generic'],
      why: 'To upload the video of a post.',
    },
    {
      name: 'rpc:com.atproto.repo.uploadBlob?aud=*',
      need: 'required',
      method: 'oauth2',
      alternatives: ['transition:generic'],
      why: 'To let the video service put a video it has prepared into your repository.',
    },
    {
      name: 'transition:chat.bsky',
      need: 'never_asked',
      method: 'oauth2',
      why: 'Adds access to direct messages, which we never touch.',
    },
    {
      name: 'account:email',
      need: 'never_asked',
      method: 'oauth2',
      why: 'Your e-mail address; nothing here needs it.',
    },
    {
      name: 'com.atproto.appPass',
      need: 'required',
      method: 'credentials',
      why: 'What an app password may do: publish and delete posts, upload images and read the state of the account.',
    },
    {
      name: 'com.atproto.appPassPrivileged',
      need: 'never_asked',
      method: 'credentials',
      why: 'Adds access to direct messages, which we never touch.',
    },
    {
      name: 'com.atproto.access',
      need: 'never_asked',
      method: 'credentials',
      why: 'The rights of the main password: it could take over or delete the account, so we refuse it.',
    },
  ],
  tokens: {
    refresh: 'rotating',
    // An old refresh token gives the same successor again: packages/pds/src/account-manager/helpers/auth.ts (2026-08-20).
    // That is so for app passwords. One of OAuth that is shown twice ends its session; the declaration knows only one value.
    replay: { graceSeconds: 7200 },
    // One of OAuth that is used twice ends the session: seen at the real server, bluesky-oauth.pds.test.ts (2026-11-22).
    oauth2Replay: 'single_use',
    refreshAheadSeconds: 300,
    // After its app password is deleted an access token lives on for up to two hours.
    verifyBy: 'refresh',
    revocationScope: 'token',
    neededToPublish: true,
    remainsAfterRevocation: `Our session is ended. If you connected with an app password, that password stays valid until you delete it at ${createCredentialUrl}.`,
  },
  publish: {
    dedupe: { kind: 'record_key', windowSeconds: null },
    reconcile: 'key',
    remainingRisk:
      'If the answer to a post is lost and you delete that post at Bluesky before we look for it, we take it for never sent and publish it once more.',
    canDelete: true,
    limits: {
      text: [
        { unit: 'graphemes', max: 300 },
        { unit: 'utf8_bytes', max: 3000 },
      ],
      textOnly: true,
      images: {
        max: 4,
        // Any image/* is accepted; these three are shown by all clients. An animated GIF would stand still.
        mimeTypes: ['image/jpeg', 'image/png', 'image/webp'],
        // A server with lexicons older than April 2026 takes 1,000,000 and says so.
        maxBytes: 2_000_000,
      },
      videos: {
        max: 1,
        // The service says that it takes MPEG, too; a post holds the MP4 it makes.
        mimeTypes: ['video/mp4', 'video/quicktime', 'video/webm'],
        // https://github.com/bluesky-social/atproto/issues/5373 (2026-08)
        maxBytes: 300_000_000,
        // https://github.com/bluesky-social/social-app/issues/11528; smaller for some accounts.
        seconds: { max: 600 },
      },
      linkCard: { withImages: false },
      // A number of our own: Bluesky knows none.
      replies: { max: 50 },
    },
  },
  rateLimits: [
    { what: 'logins per account and address, short term', max: 30, perSeconds: 300 },
    { what: 'logins per account and address, per day', max: 300, perSeconds: 86_400 },
    { what: 'calls per address', max: 3000, perSeconds: 300 },
    { what: 'posts per account, per hour', max: 1666, perSeconds: 3600 },
    { what: 'posts per account, per day', max: 11_666, perSeconds: 86_400 },
    { what: 'images per account, per day', max: 1000, perSeconds: 86_400 },
  ],
  links: { revokeAccess: createCredentialUrl, createCredential: createCredentialUrl },
} satisfies Manifest
