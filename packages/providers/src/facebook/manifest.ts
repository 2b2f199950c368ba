import type { Manifest } from '@postmcp/core'

/** Version of the Graph API. Two come out each year; calls to one that has ended are served by the oldest that lives. */
export const graphVersion = 'v26.0'

const registrationUrl = 'https://developers.facebook.com/apps/'

/** The facts of Facebook Pages. Profiles and groups cannot be published to. */
export const manifest = {
  id: 'facebook',
  name: 'Facebook',
  checkedOn: '2026-11-22',
  sources: [
    'https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow',
    'https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived',
    'https://developers.facebook.com/docs/facebook-login/facebook-login-for-business',
    'https://developers.facebook.com/docs/graph-api/reference/user/permissions',
    'https://developers.facebook.com/docs/graph-api/securing-requests',
    'https://developers.facebook.com/docs/graph-api/guides/error-handling',
    'https://developers.facebook.com/docs/graph-api/overview/rate-limiting',
    'https://developers.facebook.com/docs/graph-api/overview/access-levels',
    'https://developers.facebook.com/docs/graph-api/changelog',
    'https://developers.facebook.com/documentation/pages-api/posts',
    'https://developers.facebook.com/documentation/pages-api/comments-mentions',
    'https://developers.facebook.com/docs/graph-api/reference/object/comments',
    'https://developers.facebook.com/docs/graph-api/reference/page/photos',
    'https://developers.facebook.com/docs/graph-api/reference/page/videos',
    'https://developers.facebook.com/docs/graph-api/reference/page/published_posts',
    'https://developers.facebook.com/docs/graph-api/reference/video-status',
    'https://developers.facebook.com/docs/video-api/guides/reels-publishing',
    'https://developers.facebook.com/docs/page-stories-api',
    'https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback',
  ],
  connect: {
    oauth2: {
      instructions:
        'Facebook asks which Pages you want to use and what we may do with them. Choose all Pages you want to publish to and leave the permissions on; Pages that you leave out later lose their connection.',
      helpUrl: 'https://www.facebook.com/help/405094243235242',
      fields: [],
      client: 'configured',
      authorizationUrl: `{www}/${graphVersion}/dialog/oauth`,
      tokenUrl: `{graph}/${graphVersion}/oauth/access_token`,
      pkce: 'none',
      clientAuthentication: 'client_secret_post',
      tokenRequest: 'query',
      parameterNames: { clientId: 'client_id', clientSecret: 'client_secret', scope: 'scope' },
      scopeSeparator: ',',
      authorizationParameters: {},
      // Facebook Login for Business takes a configuration, which holds the permissions.
      appParameters: { config_id: { field: 'configId', inPlaceOf: 'scope' } },
      // Without it the dialog passes over permissions that were declined before.
      reconnectParameters: { auth_type: 'rerequest' },
      // The choice of Pages made last is the one that counts.
      scopeGrant: 'replace',
      redirect: 'https_only',
    },
    listsAllTargets: true,
    targetKinds: ['page'],
  },
  app: {
    registrationUrl,
    fields: [
      {
        name: 'clientId',
        label: 'App ID',
        description: 'App ID of the Meta app, under App settings, Basic.',
        secret: false,
        required: true,
        example: '1234567890123456',
      },
      {
        name: 'clientSecret',
        label: 'App secret',
        description: 'App secret of the Meta app, beside its App ID.',
        secret: true,
        required: true,
      },
      {
        name: 'configId',
        label: 'Configuration ID',
        description:
          'Configuration of Facebook Login for Business, if the app uses that; it then names the permissions.',
        secret: false,
        required: false,
        example: '1234567890123456',
      },
    ],
  },
  endpoints: {
    www: {
      url: 'https://www.facebook.com',
      description: 'Where people consent; links to Pages start with it.',
    },
    graph: { url: 'https://graph.facebook.com', description: 'The Graph API.' },
    upload: { url: 'https://rupload.facebook.com', description: 'Takes the videos of reels and stories.' },
  },
  scopes: [
    { name: 'pages_show_list', need: 'required', why: 'To find the Pages you chose and their own tokens.' },
    {
      name: 'pages_read_engagement',
      need: 'required',
      why: 'Facebook demands it beside the permission to publish; with it we read back what was posted.',
    },
    {
      name: 'pages_manage_posts',
      need: 'required',
      why: 'To publish and delete posts, photos and videos of your Pages.',
    },
    {
      name: 'pages_manage_engagement',
      need: 'optional',
      why: 'To comment below your own posts as the Page; an app that has not been granted it cannot ask anyone for anything.',
    },
    {
      name: 'business_management',
      need: 'optional',
      // https://github.com/getopenpost/openpost/issues/216 (2026-11-22)
      why: 'Pages that belong to a business portfolio are not listed without it; an app that has not been granted it cannot ask anyone for anything.',
    },
    {
      name: 'read_insights',
      need: 'never_asked',
      // https://github.com/gitroomhq/postiz-app/issues/1346 (2026-11-22)
      why: 'We show no statistics, and a permission that the app was not granted closes the whole dialog.',
    },
    { name: 'email', need: 'never_asked', why: 'Who you are beyond your name is none of our business.' },
  ],
  tokens: {
    // A long-lived token of a person cannot be extended; the tokens of Pages made with it have no end.
    refresh: 'none',
    replay: 'single_use',
    refreshAheadSeconds: 0,
    verifyBy: 'call',
    revocationScope: 'subject',
    // Pages publish with their own tokens, which outlive that of the person.
    neededToPublish: false,
    // About 90 days after a person was last active with the app it may no longer read their data.
    reconsentAfterDays: 90,
  },
  publish: {
    dedupe: null,
    // How long lists lag is not documented; the minute is ours.
    reconcile: { read: ['pages_read_engagement'], afterSeconds: 60 },
    remainingRisk:
      'If the answer to a post is lost we look for it among the latest posts of the Page, by its pictures or its text: a text that somebody changes in the first minute is not recognised and would be posted again. Videos and reels are asked for by their id. A comment is looked for among those below its post. A comment or story that Facebook does not show us is left to you, for it may be public.',
    canDelete: true,
    limits: {
      // Not documented; the value most connectors use.
      text: [{ unit: 'code_points', max: 63_206 }],
      textOnly: true,
      // Only of videos. Not documented; the number is a guess.
      title: { required: false, limits: [{ unit: 'code_points', max: 255 }] },
      images: {
        // The most is not documented; ten are known to work.
        max: 10,
        mimeTypes: ['image/jpeg', 'image/png'],
        // The reference says 10 MB; subcode 1366046 asks for less than 4 MB.
        maxBytes: 4_000_000,
      },
      videos: {
        max: 1,
        mimeTypes: ['video/mp4', 'video/quicktime'],
        // What a post takes is not documented; a guess on the safe side. Reels and stories are narrower, see `validate`.
        maxBytes: 1_000_000_000,
        maxAltTextGraphemes: 0,
        videoCodecs: ['avc', 'hevc', 'vp9', 'av1'],
        audioCodecs: ['aac'],
      },
      linkCard: { withImages: false },
      replies: {
        // Not documented; this one is ours.
        max: 10,
        // Not documented; the value most connectors use.
        text: [{ unit: 'code_points', max: 8000 }],
        scopes: ['pages_manage_engagement'],
      },
    },
    options: [
      {
        name: 'postAs',
        label: 'Post as',
        description:
          'post: in the feed of the Page. reel: one upright video of 3 to 90 seconds. story: one picture, or one upright video of 3 to 60 seconds, shown for a day.',
        type: 'string',
        values: ['post', 'reel', 'story'],
        default: 'post',
      },
    ],
  },
  rateLimits: [
    { what: 'calls per person who uses the app, per hour', max: 200, perSeconds: 3600 },
    { what: 'reels per Page, per day', max: 30, perSeconds: 86_400 },
  ],
  links: {
    revokeAccess: 'https://www.facebook.com/settings/?tab=business_tools',
    createCredential: registrationUrl,
  },
} satisfies Manifest
