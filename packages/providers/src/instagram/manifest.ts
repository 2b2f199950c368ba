import type { Manifest } from '@postmcp/core'

/** Version of the Graph API. Two come out each year; calls to one that has ended are served by the oldest that lives. */
export const graphVersion = 'v26.0'

const registrationUrl = 'https://developers.facebook.com/apps/'

/** The facts of Instagram with Instagram Login: professional accounts, no Facebook Page needed. */
export const manifest = {
  id: 'instagram',
  name: 'Instagram',
  checkedOn: '2026-11-22',
  sources: [
    'https://developers.facebook.com/docs/instagram-platform/overview',
    'https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login',
    'https://developers.facebook.com/docs/instagram-platform/reference/oauth-authorize',
    'https://developers.facebook.com/docs/instagram-platform/content-publishing',
    'https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media',
    'https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/content_publishing_limit',
    'https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes',
    'https://developers.facebook.com/docs/graph-api/guides/error-handling',
    'https://developers.facebook.com/docs/graph-api/overview/rate-limiting',
    'https://developers.facebook.com/docs/graph-api/changelog',
  ],
  connect: {
    oauth2: {
      instructions:
        'Instagram asks you to log in with the account you want to publish to. It must be a professional one, Business or Creator; a personal account can be changed into one in the Instagram app.',
      helpUrl: 'https://developers.facebook.com/docs/instagram-platform/overview',
      fields: [],
      client: 'configured',
      authorizationUrl: '{www}/oauth/authorize',
      tokenUrl: '{api}/oauth/access_token',
      pkce: 'none',
      clientAuthentication: 'client_secret_post',
      tokenRequest: 'form',
      parameterNames: { clientId: 'client_id', clientSecret: 'client_secret', scope: 'scope' },
      scopeSeparator: ',',
      // Seen in connectors and not documented: shows the login, so that another account can be chosen than the one in the browser.
      authorizationParameters: { force_reauth: 'true' },
      reconnectParameters: {},
      scopeGrant: 'replace',
      redirect: 'https_only',
    },
    listsAllTargets: true,
    targetKinds: ['account'],
  },
  app: {
    registrationUrl,
    fields: [
      {
        name: 'clientId',
        label: 'Instagram app ID',
        description:
          'Instagram app ID, under Instagram, API setup with Instagram login. It is another one than the App ID of the Meta app.',
        secret: false,
        required: true,
        example: '990602627938098',
      },
      {
        name: 'clientSecret',
        label: 'Instagram app secret',
        description: 'Instagram app secret, beside the Instagram app ID.',
        secret: true,
        required: true,
      },
    ],
  },
  endpoints: {
    www: {
      url: 'https://www.instagram.com',
      description: 'Where people consent; links to profiles start with it.',
    },
    api: { url: 'https://api.instagram.com', description: 'Changes authorization codes for tokens.' },
    graph: { url: 'https://graph.instagram.com', description: 'The Graph API of Instagram.' },
  },
  scopes: [
    {
      name: 'instagram_business_basic',
      need: 'required',
      why: 'To know which account it is; without it nothing else works.',
    },
    {
      name: 'instagram_business_content_publish',
      need: 'required',
      why: 'To publish photos, videos, reels and stories.',
    },
    {
      name: 'instagram_business_manage_messages',
      need: 'never_asked',
      why: 'Your messages are none of our business.',
    },
    {
      name: 'instagram_business_manage_comments',
      need: 'never_asked',
      why: 'We neither read nor hide comments.',
    },
    {
      name: 'instagram_content_publish',
      need: 'never_asked',
      why: 'Belongs to the other way to Instagram, through Facebook Login and a Page.',
    },
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
      'Instagram has no way for an app to end its access. Remove it in Instagram under Settings, Website permissions, Apps and websites.',
  },
  publish: {
    dedupe: null,
    reconcile: 'container',
    remainingRisk: '',
    canDelete: false,
    limits: {
      // The unit is not documented; connectors count code points.
      text: [{ unit: 'code_points', max: 2200 }],
      textOnly: false,
      images: { max: 10, mimeTypes: ['image/jpeg'], maxBytes: 8_000_000, maxAltTextGraphemes: 1000 },
    },
  },
  rateLimits: [
    // The guide says 100 and the reference 50; the account's own number is asked for before publishing.
    { what: 'posts per account, per day', max: 50, perSeconds: 86_400 },
    { what: 'media containers per account, per day', max: 400, perSeconds: 86_400 },
  ],
  links: {
    revokeAccess: 'https://www.instagram.com/accounts/manage_access/',
    createCredential: registrationUrl,
  },
} satisfies Manifest
