import type { Manifest } from '@postmcp/core'
import { postLimits } from './limits.js'

/** The facts of Mastodon. Limits and rate limits are those a Mastodon has by default; an instance may have others. */
export const manifest = {
  id: 'mastodon',
  name: 'Mastodon',
  checkedOn: '2026-11-22',
  sources: [
    'https://docs.joinmastodon.org/methods/oauth/',
    'https://docs.joinmastodon.org/methods/apps/',
    'https://docs.joinmastodon.org/methods/instance/',
    'https://docs.joinmastodon.org/methods/accounts/',
    'https://docs.joinmastodon.org/api/oauth-scopes/',
    'https://docs.joinmastodon.org/api/rate-limits/',
    'https://docs.joinmastodon.org/methods/statuses/',
    'https://docs.joinmastodon.org/methods/media/',
    'https://github.com/mastodon/mastodon/blob/main/config/initializers/rack_attack.rb',
    'https://github.com/mastodon/mastodon/blob/main/config/initializers/doorkeeper.rb',
    'https://www.rfc-editor.org/rfc/rfc8414',
  ],
  connect: {
    oauth2: {
      instructions:
        'Say on which instance your account lives. Its own page then asks whether PostMCP may publish for you; nothing has to be registered before.',
      helpUrl: 'https://joinmastodon.org/servers',
      fields: [
        {
          name: 'instance',
          label: 'Instance',
          description: 'The server of the account: its host or address, or your whole name there.',
          secret: false,
          required: true,
          example: 'mastodon.social',
        },
      ],
      client: 'registered',
      pkce: 'S256',
      clientAuthentication: 'client_secret_post',
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
  endpoints: {},
  scopes: [
    {
      name: 'profile',
      need: 'required',
      // Servers other than Mastodon 4.3 and later know only these; asking `profile` there fails.
      alternatives: ['read:accounts', 'read'],
      why: 'Shows which account was connected, and whether it still works.',
    },
    {
      name: 'write:statuses',
      need: 'required',
      alternatives: ['write'],
      why: 'Publishes posts, and deletes those published from here.',
    },
    {
      name: 'write:media',
      need: 'required',
      alternatives: ['write'],
      why: 'Uploads the images and videos of a post.',
    },
    {
      name: 'read',
      need: 'never_asked',
      why: 'Opens all that the account can read, notifications and private posts included.',
    },
    {
      name: 'write',
      need: 'never_asked',
      why: 'Changes everything about the account, whom it follows included; publishing needs a part of it only.',
    },
    { name: 'push', need: 'never_asked', why: 'Receives notifications, which we have no use for.' },
  ],
  tokens: {
    // Mastodon gives tokens without end; Pleroma and its like give refresh tokens as well, and rotate them.
    refresh: 'rotating',
    replay: 'single_use',
    refreshAheadSeconds: 300,
    verifyBy: 'call',
    // An instance hands the same token out again for the same person, application and scopes: ending one ends all.
    revocationScope: 'subject',
    neededToPublish: true,
  },
  publish: {
    dedupe: { kind: 'idempotency_key', windowSeconds: 3600 },
    // Not `key`: GoToSocial, snac and others take no notice of it. How soon a post is listed is a guess.
    reconcile: { read: ['profile'], afterSeconds: 30 },
    remainingRisk:
      'If the answer to a post is lost, we look for it among the newest posts of the account; Mastodon, Pleroma and Hollo also know a repetition by its key. On other servers a post that is not listed half a minute later is published twice. Where posts may not be read and the server knows no keys, a person has to look.',
    canDelete: true,
    limits: postLimits,
    pace: { account: { max: 300, perSeconds: 10_800 } },
    options: [
      {
        name: 'spoilerText',
        label: 'Content warning',
        description: 'Shown in place of the post and of everything below it until somebody opens it.',
        type: 'string',
      },
      {
        name: 'sensitive',
        label: 'Sensitive media',
        description: 'Hides the pictures and videos until somebody opens them.',
        type: 'boolean',
        default: false,
      },
    ],
  },
  rateLimits: [
    { what: 'calls per token', max: 300, perSeconds: 300 },
    { what: 'calls per account, of all applications', max: 1500, perSeconds: 300 },
    { what: 'uploads per account', max: 30, perSeconds: 1800 },
    { what: 'posts per account', max: 300, perSeconds: 10_800 },
    { what: 'deletions per account', max: 30, perSeconds: 1800 },
    { what: 'registrations of an application per address', max: 5, perSeconds: 600 },
  ],
  links: {
    revokeAccess: 'https://docs.joinmastodon.org/user/preferences/',
    createCredential: 'https://joinmastodon.org/servers',
  },
} satisfies Manifest
