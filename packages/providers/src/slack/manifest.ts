import type { Manifest } from '@postmcp/core'

const registrationUrl = 'https://api.slack.com/apps'

/** The facts of Slack. Limits of calls hold for one app in one workspace. */
export const manifest = {
  id: 'slack',
  name: 'Slack',
  checkedOn: '2026-11-22',
  sources: [
    'https://docs.slack.dev/authentication/installing-with-oauth',
    'https://docs.slack.dev/authentication/using-token-rotation',
    'https://docs.slack.dev/authentication/verifying-requests-from-slack',
    'https://docs.slack.dev/reference/methods/oauth.v2.access',
    'https://docs.slack.dev/reference/methods/auth.revoke',
    'https://docs.slack.dev/reference/methods/conversations.list',
    'https://docs.slack.dev/reference/methods/conversations.info',
    'https://docs.slack.dev/reference/methods/conversations.history',
    'https://docs.slack.dev/reference/methods/conversations.replies',
    'https://docs.slack.dev/reference/methods/chat.postMessage',
    'https://docs.slack.dev/messaging/message-metadata',
    'https://docs.slack.dev/reference/methods/files.getUploadURLExternal',
    'https://docs.slack.dev/reference/methods/files.completeUploadExternal',
    'https://docs.slack.dev/reference/events/app_uninstalled',
    'https://docs.slack.dev/reference/events/tokens_revoked',
    'https://docs.slack.dev/apis/web-api/rate-limits',
  ],
  connect: {
    oauth2: {
      instructions:
        'Slack asks which workspace to install the app in and shows what it may do there. Afterwards choose the channels to publish to. For a private channel, first type "/invite @" and the name of the app in it.',
      helpUrl: 'https://slack.com/help/articles/202035138-Add-apps-to-your-Slack-workspace',
      fields: [],
      client: 'configured',
      authorizationUrl: '{web}/oauth/v2/authorize',
      tokenUrl: '{web}/api/oauth.v2.access',
      // An app that turns PKCE on becomes a public client for ever, and its refresh tokens end after 30 days.
      pkce: 'none',
      clientAuthentication: 'client_secret_basic',
      tokenRequest: 'form',
      parameterNames: { clientId: 'client_id', clientSecret: 'client_secret', scope: 'scope' },
      scopeSeparator: ',',
      authorizationParameters: {},
      reconnectParameters: {},
      // That a new installation keeps older scopes is known by observation only; asking for all of them is right either way.
      scopeGrant: 'replace',
      redirect: 'https_only',
    },
    listsAllTargets: true,
    targetKinds: ['channel', 'private_channel'],
  },
  app: {
    registrationUrl,
    fields: [
      {
        name: 'clientId',
        label: 'Client ID',
        description: 'On the page "Basic Information" of the app, under "App Credentials".',
        secret: false,
        required: true,
        example: '1234567890.1234567890123',
      },
      {
        name: 'clientSecret',
        label: 'Client Secret',
        description: 'Beside the client ID.',
        secret: true,
        required: true,
      },
      {
        name: 'signingSecret',
        label: 'Signing Secret',
        description:
          'Beside the client secret. Needed only to hear from Slack at once that the app was removed from a workspace.',
        secret: true,
        required: false,
      },
      {
        name: 'signingSecretPrevious',
        label: 'Previous Signing Secret',
        description: 'The one before, for as long as Slack may still sign with it.',
        secret: true,
        required: false,
      },
    ],
  },
  endpoints: {
    web: {
      url: 'https://slack.com',
      description: 'The consent page, the Web API below /api, and links to channels.',
    },
  },
  scopes: [
    { name: 'chat:write', need: 'required', why: 'Publishes, changes and deletes messages as the app.' },
    {
      name: 'chat:write.public',
      need: 'required',
      why: 'Publishes in public channels that the app has not joined.',
    },
    { name: 'channels:read', need: 'required', why: 'Lists the public channels to choose from.' },
    {
      name: 'groups:read',
      need: 'required',
      why: 'Lists the private channels that the app was invited to; it sees no others.',
    },
    {
      name: 'channels:join',
      need: 'required',
      why: 'Joins a public channel before images are published there, and before a message is looked for: Slack takes files from members only, and shows messages to them only.',
    },
    { name: 'files:write', need: 'required', why: 'Uploads images and video.' },
    {
      name: 'files:read',
      need: 'required',
      why: 'Learns in which message an uploaded file was published: Slack does not say so at once, nor if its answer was lost.',
    },
    {
      name: 'team:read',
      need: 'optional',
      why: 'Shows the picture of the workspace beside its channels.',
    },
    {
      name: 'channels:history',
      need: 'optional',
      why: 'Checks whether a message went out in a public channel when the answer was lost; with it the app could read what others write there.',
    },
    {
      name: 'groups:history',
      need: 'optional',
      why: 'Checks whether a message went out in a private channel when the answer was lost; with it the app could read what others write there.',
    },
    {
      name: 'chat:write.customize',
      need: 'never_asked',
      why: 'Would let messages appear under other names than that of the app.',
    },
    {
      name: 'incoming-webhook',
      need: 'never_asked',
      why: 'Publishes to one fixed channel without files, permalink or deletion; the app does all of that better.',
    },
  ],
  tokens: {
    // Only apps that turned token rotation on have refresh tokens; without it the token never ends.
    refresh: 'rotating',
    replay: 'single_use',
    // As Slack's own @slack/oauth does.
    refreshAheadSeconds: 7200,
    verifyBy: 'call',
    // There is one bot token for a workspace, whoever installed the app.
    revocationScope: 'subject',
    neededToPublish: true,
    remainsAfterRevocation:
      'The app stays listed in the Slack workspace and is no longer a member of its channels. An administrator removes it: https://slack.com/help/articles/360003125231.',
  },
  publish: {
    // Slack documents no key by which a repeated message would be known.
    dedupe: null,
    // How long lists lag is not documented; the minute is ours. Which permission a post takes to be found is decided when it is:
    // messages in public and in private channels want one each, files want the one that every app has.
    reconcile: { read: ['channels:history', 'groups:history', 'files:read'], afterSeconds: 60 },
    remainingRisk:
      'If the answer to a message is lost, we look for it in the channel, by a mark that people do not see; one that somebody deletes before that would be sent again. This takes the permission channels:history, in private channels groups:history, which only the operator can ask for: the app could then read what others write. Without it you are asked to look. Files are looked for without it; those that Slack takes and then does not show are left to you.',
    canDelete: true,
    limits: {
      // The length Slack recommends; beyond 40,000 it cuts. How it counts is a guess: these units never count less.
      text: [{ unit: 'utf16_units', max: 4000 }],
      textOnly: true,
      images: {
        // A guess: more files than this are not shown well in one message.
        max: 10,
        // Any type may be uploaded; these are shown as pictures.
        mimeTypes: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'],
        // A guess: 1 GB for each file.
        maxBytes: 1_000_000_000,
        maxAltTextGraphemes: 1000,
      },
      videos: {
        max: 10,
        // Any type may be uploaded; these get a player, a guess.
        mimeTypes: ['video/mp4', 'video/quicktime', 'video/webm'],
        maxBytes: 1_000_000_000,
        maxAltTextGraphemes: 0,
      },
      maxMedia: 10,
      mixes: ['image', 'video'],
      // A thread has no known end; twenty at once are our choice.
      replies: { max: 20 },
    },
    pace: { account: { max: 1, perSeconds: 1 } },
    options: [
      {
        name: 'linkPreview',
        label: 'Previews of links',
        description:
          'Whether Slack shows previews of what the text links to. Without a choice Slack decides; beside files it always does.',
        type: 'boolean',
      },
    ],
  },
  rateLimits: [
    { what: 'messages per channel', max: 1, perSeconds: 1 },
    { what: 'pages of the list of channels (tier 2)', max: 20, perSeconds: 60 },
    { what: 'looks at one channel (tier 3)', max: 50, perSeconds: 60 },
    { what: 'deletions of messages (tier 3)', max: 50, perSeconds: 60 },
    // Of an app that is sold outside the Marketplace: 1, with 15 messages.
    { what: 'pages of the messages of a channel (tier 3)', max: 50, perSeconds: 60 },
    { what: 'steps of uploads (tier 4)', max: 100, perSeconds: 60 },
  ],
  links: { revokeAccess: 'https://slack.com/help/articles/360003125231', createCredential: registrationUrl },
} satisfies Manifest
