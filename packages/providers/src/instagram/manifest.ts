import type { Manifest } from '@postmcp/core'
import { facebookLoginWay, registrationUrl } from './facebook-login/way.js'

export { graphVersion } from './graph-version.js'

const instagramLogin = 'instagram_login'
const facebookLogin = facebookLoginWay.oauth2.way.id

/**
 * The facts of Instagram: professional accounts, with Instagram Login, which needs no Facebook Page, or with Facebook Login, which
 * takes all accounts at once that are linked to a person's Pages. Ids and tokens of the two ways cannot be exchanged.
 */
export const manifest = {
  id: 'instagram',
  name: 'Instagram',
  checkedOn: '2026-11-22',
  sources: [
    'https://developers.facebook.com/docs/instagram-platform/overview',
    'https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login',
    'https://developers.facebook.com/docs/instagram-platform/reference/oauth-authorize',
    'https://developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login',
    'https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived',
    'https://developers.facebook.com/docs/graph-api/reference/user/permissions',
    'https://developers.facebook.com/docs/graph-api/reference/debug_token',
    'https://developers.facebook.com/docs/instagram-platform/content-publishing',
    'https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media',
    'https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/content_publishing_limit',
    'https://developers.facebook.com/documentation/instagram-platform/instagram-graph-api/reference/ig-media/comments',
    'https://developers.facebook.com/documentation/instagram-platform/instagram-graph-api/reference/ig-comment',
    'https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes',
    'https://developers.facebook.com/docs/graph-api/guides/error-handling',
    'https://developers.facebook.com/docs/graph-api/overview/rate-limiting',
    'https://developers.facebook.com/docs/graph-api/changelog',
  ],
  connect: {
    oauth2: {
      way: {
        id: instagramLogin,
        name: 'Instagram Login',
        summary: 'One account at a time, by logging in to it; no Facebook Page is needed.',
      },
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
    furtherWays: [facebookLoginWay],
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
    facebook: { url: 'https://www.facebook.com', description: 'Where people consent with Facebook Login.' },
    facebookGraph: {
      url: 'https://graph.facebook.com',
      description: 'The Graph API, for what was connected with Facebook Login.',
    },
  },
  scopes: [
    {
      name: 'instagram_business_basic',
      need: 'required',
      way: instagramLogin,
      why: 'To know which account it is; without it nothing else works.',
    },
    {
      name: 'instagram_business_content_publish',
      need: 'required',
      way: instagramLogin,
      why: 'To publish photos, videos, reels and stories.',
    },
    {
      name: 'instagram_business_manage_comments',
      need: 'optional',
      way: instagramLogin,
      why: 'To comment below your own posts; an app that has not been granted it should not ask.',
    },
    {
      name: 'instagram_business_manage_messages',
      need: 'never_asked',
      why: 'Your messages are none of our business.',
    },
    {
      name: 'instagram_basic',
      need: 'required',
      way: facebookLogin,
      why: 'To know which accounts are linked to your Pages; without it nothing else works.',
    },
    {
      name: 'instagram_content_publish',
      need: 'required',
      way: facebookLogin,
      why: 'To publish photos, videos, reels and stories.',
    },
    {
      name: 'pages_show_list',
      need: 'required',
      way: facebookLogin,
      why: 'To find the Pages you chose; the accounts are found by them.',
    },
    {
      name: 'pages_read_engagement',
      need: 'required',
      way: facebookLogin,
      why: 'Facebook demands it beside the permission to publish, and to read back what was posted.',
    },
    {
      name: 'instagram_manage_comments',
      need: 'optional',
      way: facebookLogin,
      why: 'To comment below your own posts; an app that has not been granted it cannot ask anyone for anything.',
    },
    {
      name: 'business_management',
      need: 'optional',
      way: facebookLogin,
      // https://github.com/getopenpost/openpost/issues/216 (2026-11-22)
      why: 'Pages that belong to a business portfolio are not listed without it; an app that has not been granted it cannot ask anyone for anything.',
    },
    {
      name: 'pages_manage_posts',
      need: 'never_asked',
      way: facebookLogin,
      why: 'Your Pages are only used to find their Instagram accounts.',
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
    remainingRisk:
      'If the answer to a post is lost its container says whether it is public, so nothing is sent twice. A comment is looked for among those below its post; where Instagram does not show them all it is left to you, for it may be public. Posts cannot be deleted from here.',
    // The permission it takes exists for Facebook Login only, and is not asked for.
    canDelete: false,
    limits: {
      // The unit is not documented; connectors count code points.
      text: [{ unit: 'code_points', max: 2200 }],
      textOnly: false,
      images: {
        max: 10,
        mimeTypes: ['image/jpeg'],
        maxBytes: 8_000_000,
        maxAltTextGraphemes: 1000,
        // Between 4:5 and 1.91:1 in the feed, see `validate`; stories are upright. Widths beyond 320 to 1440 pixels are scaled.
      },
      videos: {
        max: 10,
        mimeTypes: ['video/mp4', 'video/quicktime'],
        maxBytes: 300_000_000,
        maxAltTextGraphemes: 0,
        width: { max: 1920 },
        ratio: { min: 0.01, max: 10 },
        seconds: { min: 3, max: 900 },
        frameRate: { min: 23, max: 60 },
        videoCodecs: ['avc', 'hevc'],
        audioCodecs: ['aac'],
        thumbnail: { mimeTypes: ['image/jpeg'], maxBytes: 8_000_000 },
      },
      maxMedia: 10,
      mixes: ['image', 'video'],
      replies: {
        // Not documented; this one is ours.
        max: 10,
        // Not documented; the value most connectors use.
        text: [{ unit: 'code_points', max: 2200 }],
        scopes: ['instagram_business_manage_comments', 'instagram_manage_comments'],
      },
    },
    // One page says 50; what holds for an account is asked before each post.
    quotas: [{ what: 'posts per account', max: 100, perSeconds: 86_400 }],
    options: [
      {
        name: 'postAs',
        label: 'Post as',
        description:
          'post: a picture, a carousel or, where there is one video only, a reel. story: one picture or one video of 3 to 60 seconds, shown for a day.',
        type: 'string',
        values: ['post', 'story'],
        default: 'post',
      },
      {
        name: 'shareToFeed',
        label: 'Show the reel in the feed, too',
        description: 'Whether a reel is shown in the feed of the account and not only among its reels.',
        type: 'boolean',
      },
      {
        name: 'thumbOffsetMs',
        label: 'Cover from the video',
        description:
          'The moment of a reel, in milliseconds, whose picture is its cover, where no thumbnail is given.',
        type: 'integer',
      },
    ],
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
