import type { Manifest } from '@postmcp/core'

const botFather = 'https://t.me/BotFather'

/** The facts of Telegram's Bot API. */
export const manifest = {
  id: 'telegram',
  name: 'Telegram',
  checkedOn: '2026-11-22',
  sources: [
    'https://core.telegram.org/bots/api',
    'https://core.telegram.org/bots/features',
    'https://core.telegram.org/bots/faq',
    'https://core.telegram.org/api/links',
    'https://github.com/tdlib/telegram-bot-api',
  ],
  connect: {
    credentials: {
      instructions:
        'Make a bot with @BotFather, add it to your channel as an administrator with the right "Post messages" (or to your group as a member), and give its token here. Use a bot of its own: if another program reads the updates of this bot, name the channel or group as well, so that we leave them alone.',
      helpUrl: 'https://core.telegram.org/bots/features#botfather',
      fields: [
        {
          name: 'botToken',
          label: 'Bot token',
          description: 'The token that @BotFather gave you for the bot. Its whole message will do as well.',
          secret: true,
          required: true,
          example: '123456789:AAxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
        },
        {
          name: 'chat',
          label: 'Channel or group',
          description:
            'Where to publish: a name such as @mychannel, a numeric id such as -1001234567890, or a t.me link to a message or to a public channel. Without it we look where the bot was added lately.',
          secret: false,
          required: false,
          example: '@mychannel',
        },
      ],
    },
    targetsAppearLater:
      'Add the bot as an administrator to the channel, with the right "Post messages" (or to the group as a member), then press refresh.',
    // A bot cannot list its chats.
    listsAllTargets: false,
    targetKinds: ['channel', 'group'],
  },
  endpoints: {
    api: {
      url: 'https://api.telegram.org',
      description: 'The Bot API; set it to the address of your own Bot API server if you run one.',
    },
    web: {
      url: 'https://t.me',
      description: 'Where people look at public channels and groups; only linked to.',
    },
  },
  // A token carries no scopes: rights are given to the bot in each channel and group, and are checked there.
  scopes: [
    {
      name: 'can_delete_messages',
      need: 'never_asked',
      why: 'Deletes messages of others in a channel; its own posts a bot may delete without it.',
    },
  ],
  tokens: {
    refresh: 'none',
    replay: 'single_use',
    refreshAheadSeconds: 0,
    verifyBy: 'call',
    revocationScope: 'token',
    neededToPublish: true,
    remainsAfterRevocation: `The bot stays in your channels and its token stays valid. Send /revoke to @BotFather at ${botFather} to end the token, or remove the bot from the channel.`,
  },
  publish: {
    dedupe: null,
    // Bots cannot read the history of a chat, and there is no key to send along.
    reconcile: 'never',
    remainingRisk:
      'If the answer to a post is lost, nobody can find out from here whether it was published: look into the channel before you publish it again. Of an album only a part may be there.',
    canDelete: true,
    // The call that publishes carries the files: fifty megabytes on a line that takes two megabits a second, with room to spare.
    sendSeconds: 300,
    limits: {
      text: [{ unit: 'utf16_units', max: 4096 }],
      textWithMedia: [{ unit: 'utf16_units', max: 1024 }],
      textOnly: true,
      images: {
        max: 10,
        // The page names no types for photos; everything is compressed to JPEG again. These two are our choice.
        mimeTypes: ['image/jpeg', 'image/png'],
        maxBytes: 10_000_000,
        maxAltTextGraphemes: 0,
        ratio: { min: 1 / 20, max: 20 },
      },
      animations: { max: 1, mimeTypes: ['image/gif'], maxBytes: 50_000_000, maxAltTextGraphemes: 0 },
      videos: {
        max: 10,
        mimeTypes: ['video/mp4'],
        maxBytes: 50_000_000,
        maxAltTextGraphemes: 0,
        videoCodecs: ['avc'],
        // Sent as `cover`, for which no limits are named; these are those of photos, a guess.
        thumbnail: { mimeTypes: ['image/jpeg', 'image/png'], maxBytes: 10_000_000 },
      },
      maxMedia: 10,
      mixes: ['image', 'video'],
      // How many messages may answer one is not limited; ten are our choice, for a group takes twenty a minute.
      replies: { max: 10 },
    },
    pace: { account: { max: 20, perSeconds: 60 } },
    options: [
      {
        name: 'silent',
        label: 'Without a sound',
        description: 'Readers get a notification without a sound.',
        type: 'boolean',
        default: false,
      },
      {
        name: 'protectContent',
        label: 'Protect from copying',
        description: 'The post cannot be forwarded or saved.',
        type: 'boolean',
        default: false,
      },
      {
        name: 'linkPreview',
        label: 'Preview of the link',
        description: 'Shows a preview of the first link below a text without files.',
        type: 'boolean',
        default: true,
      },
      {
        name: 'captionAbove',
        label: 'Text above the files',
        description: 'Shows the text above pictures and videos in place of below.',
        type: 'boolean',
        default: false,
      },
      {
        name: 'spoiler',
        label: 'Hide files as spoilers',
        description: 'Shows the pictures and videos covered until they are tapped.',
        type: 'boolean',
        default: false,
      },
      {
        name: 'topicId',
        label: 'Topic',
        description:
          'In a group with topics: the number of the topic, as in its link (https://t.me/c/1234567890/7 is topic 7). Default: the general topic.',
        type: 'integer',
      },
    ],
  },
  rateLimits: [
    { what: 'messages per bot, over all chats', max: 30, perSeconds: 1 },
    { what: 'messages per chat', max: 1, perSeconds: 1 },
    { what: 'messages per group', max: 20, perSeconds: 60 },
  ],
  links: { revokeAccess: botFather, createCredential: botFather },
} satisfies Manifest
