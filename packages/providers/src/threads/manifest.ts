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
    'https://developers.facebook.com/docs/threads/reference/publishing',
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
    remainingRisk: '',
    canDelete: true,
    limits: {
      // Emojis count as their UTF-8 bytes, which this number alone does not say.
      text: [{ unit: 'code_points', max: 500 }],
      textOnly: true,
      images: {
        max: 20,
        mimeTypes: ['image/jpeg', 'image/png'],
        maxBytes: 8_000_000,
        maxAltTextGraphemes: 1000,
      },
      linkCard: { withImages: false },
    },
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
