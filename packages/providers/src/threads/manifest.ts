import type { Manifest } from '@postmcp/core'

const registrationUrl = 'https://developers.facebook.com/apps/'

/** The facts of Threads. */
export const manifest = {
  id: 'threads',
  name: 'Threads',
  checkedOn: '2026-11-22',
  sources: [
    'https://developers.facebook.com/docs/threads/overview',
    'https://developers.facebook.com/docs/threads/get-started/get-access-tokens-and-permissions',
    'https://developers.facebook.com/docs/threads/get-started/long-lived-tokens',
    'https://developers.facebook.com/documentation/threads/get-started/app-access-tokens',
    'https://developers.facebook.com/documentation/threads/troubleshooting/debug-access-token',
    'https://developers.facebook.com/documentation/threads/reference/publishing',
    'https://developers.facebook.com/documentation/threads/posts',
    'https://developers.facebook.com/documentation/threads/posts/delete-posts',
    'https://developers.facebook.com/docs/threads/troubleshooting',
    'https://github.com/fbsamples/threads_api',
  ],
  connect: {
    oauth2: {
      instructions:
        'Threads asks for the profile that is logged in at threads.com in your browser. To connect another one, switch the account there first.',
      helpUrl: 'https://developers.facebook.com/docs/threads/get-started',
      fields: [],
      client: 'configured',
      authorizationUrl: '{www}/oauth/authorize',
      tokenUrl: '{graph}/oauth/access_token',
      pkce: 'none',
      clientAuthentication: 'client_secret_post',
      tokenRequest: 'form',
      parameterNames: { clientId: 'client_id', clientSecret: 'client_secret', scope: 'scope' },
      scopeSeparator: ',',
      authorizationParameters: {},
      reconnectParameters: {},
      scopeGrant: 'replace',
      redirect: 'https_only',
    },
    listsAllTargets: true,
    targetKinds: ['profile'],
  },
  app: {
    registrationUrl,
    fields: [
      {
        name: 'clientId',
        label: 'Threads app ID',
        description: 'Threads app ID of a Meta app with the Threads use case; another one than its App ID.',
        secret: false,
        required: true,
        example: '1234567890123456',
      },
      {
        name: 'clientSecret',
        label: 'Threads app secret',
        description: 'Threads app secret, beside the Threads app ID.',
        secret: true,
        required: true,
      },
    ],
  },
  endpoints: {
    www: {
      url: 'https://threads.com',
      description: 'Where people consent; links to profiles start with it.',
    },
    graph: { url: 'https://graph.threads.com', description: 'The API of Threads.' },
  },
  scopes: [
    {
      name: 'threads_basic',
      need: 'required',
      why: 'To know which profile it is and to extend the access; without it nothing else works.',
    },
    { name: 'threads_content_publish', need: 'required', why: 'To publish posts.' },
    {
      name: 'threads_delete',
      need: 'optional',
      why: 'To delete posts; an app that has not been granted it should not ask.',
    },
    {
      name: 'threads_manage_replies',
      need: 'optional',
      why: 'To post a chain of replies to your own post.',
    },
    { name: 'threads_read_replies', need: 'never_asked', why: 'We do not read what others reply.' },
    { name: 'threads_manage_insights', need: 'never_asked', why: 'We show no statistics.' },
  ],
  tokens: {
    refresh: 'extend_access_token',
    // A guess: nothing says that a token is void once it was extended. A repetition risks nothing, for if it were the grant would be lost anyway.
    replay: { graceSeconds: 86_400 },
    // A token lives 60 days and can be extended from its second day on.
    refreshAheadSeconds: 15 * 86_400,
    verifyBy: 'call',
    revocationScope: 'token',
    neededToPublish: true,
    remainsAfterRevocation:
      'Threads has no way for an app to end its access. Remove it in Threads under Settings, Account, Website permissions.',
  },
  publish: {
    dedupe: null,
    reconcile: 'container',
    remainingRisk:
      'If the answer to a post is lost its container says whether it is public, so nothing is sent twice. A reply whose answer was lost is public without our knowing its id, so it is not deleted with its post.',
    canDelete: true,
    deleteScopes: ['threads_delete'],
    limits: {
      // Emojis count as their UTF-8 bytes; see `countWeighted`.
      text: [{ unit: 'weighted', max: 500 }],
      textOnly: true,
      images: {
        max: 20,
        mimeTypes: ['image/jpeg', 'image/png'],
        maxBytes: 8_000_000,
        maxAltTextGraphemes: 1000,
        // Up to 10:1. Widths beyond 320 to 1440 pixels are scaled.
        ratio: { min: 0.1, max: 10 },
      },
      videos: {
        max: 20,
        mimeTypes: ['video/mp4', 'video/quicktime'],
        maxBytes: 1_000_000_000,
        maxAltTextGraphemes: 1000,
        width: { max: 1920 },
        ratio: { min: 0.01, max: 10 },
        seconds: { max: 300 },
        frameRate: { min: 23, max: 60 },
        videoCodecs: ['avc', 'hevc'],
        audioCodecs: ['aac'],
      },
      maxMedia: 20,
      mixes: ['image', 'video'],
      linkCard: { withImages: false },
      // A chain. Threads names no limit for one, only 1,000 replies a day; this one is ours.
      replies: { max: 20, scopes: ['threads_manage_replies'] },
    },
    quotas: [{ what: 'posts per profile', max: 250, perSeconds: 86_400 }],
    options: [
      {
        name: 'replyControl',
        label: 'Who can reply',
        description:
          'Who may reply to the post: everyone, accounts you follow, only those you mention, only the author of the post above, or only followers.',
        type: 'string',
        values: [
          'everyone',
          'accounts_you_follow',
          'mentioned_only',
          'parent_post_author_only',
          'followers_only',
        ],
      },
      {
        name: 'topicTag',
        label: 'Topic',
        description:
          'The topic of the post, without number sign, 1 to 50 characters. Without it the first #tag of the text is the topic.',
        type: 'string',
      },
      {
        name: 'spoilerMedia',
        label: 'Hide files as spoilers',
        description: 'Shows the pictures and videos of the post blurred until they are tapped.',
        type: 'boolean',
        default: false,
      },
    ],
  },
  rateLimits: [
    { what: 'posts per profile, per day', max: 250, perSeconds: 86_400 },
    { what: 'replies per profile, per day', max: 1000, perSeconds: 86_400 },
    { what: 'deletions per profile, per day', max: 100, perSeconds: 86_400 },
  ],
  links: {
    // The nearest address that is known; from there: Website permissions.
    revokeAccess: 'https://www.threads.com/settings/account',
    createCredential: registrationUrl,
  },
} satisfies Manifest
