import type { Manifest } from '@postmcp/core'

const registrationUrl = 'https://discord.com/developers/applications'
const helpUrl = 'https://support.discord.com/hc/en-us/articles/360045093012-Server-Integrations-Page'

/** The facts of Discord. */
export const manifest = {
  id: 'discord',
  name: 'Discord',
  checkedOn: '2026-11-22',
  sources: [
    'https://docs.discord.com/developers/topics/oauth2',
    'https://docs.discord.com/developers/topics/permissions',
    'https://docs.discord.com/developers/topics/rate-limits',
    'https://docs.discord.com/developers/topics/opcodes-and-status-codes',
    'https://docs.discord.com/developers/reference',
    'https://docs.discord.com/developers/resources/guild',
    'https://docs.discord.com/developers/resources/channel',
    'https://docs.discord.com/developers/resources/message',
    'https://docs.discord.com/developers/resources/user',
    'https://docs.discord.com/developers/resources/webhook',
  ],
  connect: {
    oauth2: {
      instructions:
        'Discord asks into which server to invite the bot; you need the permission "Manage Server" there. Leave all permissions ticked. Afterwards choose the channels to publish to.',
      helpUrl,
      fields: [],
      client: 'configured',
      authorizationUrl: '{web}/oauth2/authorize',
      tokenUrl: '{web}/api/oauth2/token',
      // Not in the general documentation, but checked where it is sent: github.com/discord/discord-api-docs/issues/5254
      pkce: 'S256',
      clientAuthentication: 'client_secret_basic',
      tokenRequest: 'form',
      parameterNames: { clientId: 'client_id', clientSecret: 'client_secret', scope: 'scope' },
      scopeSeparator: ' ',
      authorizationParameters: {
        // VIEW_CHANNEL, SEND_MESSAGES, EMBED_LINKS, ATTACH_FILES, READ_MESSAGE_HISTORY
        permissions: '117760',
        // Into a server, not to a person.
        integration_type: '0',
      },
      reconnectParameters: {},
      scopeGrant: 'replace',
      // That http is taken on this machine is a guess; the address has to be registered either way.
      redirect: 'loopback_ok',
    },
    targetsAppearLater:
      'The bot may not write to any channel of this server. Give its role the permissions "View Channel", "Send Messages", "Embed Links" and "Attach Files" in at least one text or announcement channel.',
    listsAllTargets: true,
    targetKinds: ['channel', 'announcement_channel', 'webhook'],
  },
  app: {
    registrationUrl,
    fields: [
      {
        name: 'clientId',
        label: 'Client ID',
        description: 'On the page "OAuth2" of the application.',
        secret: false,
        required: true,
        example: '157730590492196864',
      },
      {
        name: 'clientSecret',
        label: 'Client Secret',
        description: 'On the same page, "Reset Secret".',
        secret: true,
        required: true,
      },
      {
        name: 'botToken',
        label: 'Bot token',
        description:
          'On the page "Bot" of the same application, "Reset Token". One bot publishes for the whole installation.',
        secret: true,
        required: true,
      },
    ],
  },
  endpoints: {
    web: {
      url: 'https://discord.com',
      description: 'The consent page, the API below /api, and links to channels.',
    },
    cdn: { url: 'https://cdn.discordapp.com', description: 'Pictures of servers; only linked to.' },
  },
  scopes: [
    { name: 'bot', need: 'required', why: 'Invites the bot into the server; the bot publishes.' },
    {
      name: 'identify',
      need: 'required',
      why: 'Makes Discord send the person back here with a proof of the server; nothing is read by it.',
    },
    {
      name: 'webhook.incoming',
      need: 'optional',
      why: 'Creates a webhook in a channel the person picks, as one more target that has its own name.',
    },
    {
      name: 'guilds',
      need: 'never_asked',
      why: 'Lists all servers of the person; the one that matters is named without it.',
    },
    {
      name: 'applications.commands',
      need: 'never_asked',
      why: 'Adds slash commands, of which there are none.',
    },
    { name: 'email', need: 'never_asked', why: 'Reads the e-mail address of the person.' },
  ],
  tokens: {
    refresh: 'rotating',
    // What becomes of an old refresh token is not documented.
    replay: 'single_use',
    refreshAheadSeconds: 86_400,
    verifyBy: 'call',
    // Disconnecting takes the one bot out of the server, for everyone who connected that server.
    revocationScope: 'subject',
    neededToPublish: false,
  },
  publish: {
    // "Within the past few minutes", says Discord; two are taken for sure.
    dedupe: { kind: 'nonce', windowSeconds: 120, exceptKinds: ['webhook'] },
    reconcile: 'key',
    remainingRisk:
      'Discord knows a repeated message for a few minutes only. If its answer is lost and we cannot repeat in time, you are asked to look. A webhook does not know repetitions at all: there you are always asked.',
    canDelete: true,
    // The call that publishes carries the files: 25 MiB on a line that takes two megabits a second.
    sendSeconds: 120,
    limits: {
      // How Discord counts is a guess: these units never count less.
      text: [{ unit: 'utf16_units', max: 2000 }],
      textOnly: true,
      images: {
        max: 10,
        // Any type may be attached; these are shown as pictures.
        mimeTypes: ['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/avif'],
        // Boosted servers take more; the whole request may have 25 MiB.
        maxBytes: 10 * 1024 * 1024,
        maxAltTextGraphemes: 1024,
      },
      videos: {
        max: 10,
        // Any type may be attached; these get a player.
        mimeTypes: ['video/mp4', 'video/webm', 'video/quicktime'],
        maxBytes: 10 * 1024 * 1024,
        maxAltTextGraphemes: 1024,
      },
      maxMedia: 10,
      mixes: ['image', 'video'],
      // How many messages may answer one is not limited; ten are our choice. A webhook answers nothing; see `limitsOf`.
      replies: { max: 10 },
    },
    pace: {
      // A guess: Discord tells limits of channels only as they are reached.
      account: { max: 5, perSeconds: 5 },
      client: { max: 50, perSeconds: 1 },
    },
    options: [
      {
        name: 'mentions',
        label: 'Mentions notify',
        description:
          'People, roles and everyone that the text mentions are notified, as far as the bot may do that. Otherwise mentions are shown and notify nobody.',
        type: 'boolean',
        default: false,
      },
      {
        name: 'linkPreview',
        label: 'Previews of links',
        description: 'Shows previews of what the text links to.',
        type: 'boolean',
        default: true,
      },
      {
        name: 'silent',
        label: 'Without a sound',
        description: 'Readers get no push notification.',
        type: 'boolean',
        default: false,
      },
      {
        name: 'spoiler',
        label: 'Hide files as spoilers',
        description: 'Shows the files covered until they are clicked.',
        type: 'boolean',
        default: false,
      },
      {
        name: 'crosspost',
        label: 'Publish to followers',
        description: 'In an announcement channel: sends the message to all servers that follow the channel.',
        type: 'boolean',
        default: false,
      },
    ],
  },
  rateLimits: [
    { what: 'calls of the bot, over all accounts', max: 50, perSeconds: 1 },
    {
      what: 'refused calls (401, 403, 429) per address, before it is locked out',
      max: 10_000,
      perSeconds: 600,
    },
  ],
  links: { revokeAccess: helpUrl, createCredential: registrationUrl },
} satisfies Manifest
