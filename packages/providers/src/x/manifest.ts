import type { Manifest } from '@postmcp/core'
import { postLimits } from './limits.js'

/** Where people see which applications may act for them, and take that away. */
const connectedAppsUrl = 'https://x.com/settings/connected_apps'
const consoleUrl = 'https://console.x.com'

/** The facts of X. */
export const manifest = {
  id: 'x',
  name: 'X',
  checkedOn: '2026-11-22',
  sources: [
    'https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code',
    'https://docs.x.com/fundamentals/authentication/oauth-2-0/user-access-token',
    'https://docs.x.com/fundamentals/developer-apps',
    'https://docs.x.com/x-api/fundamentals/response-codes-and-errors',
    'https://docs.x.com/x-api/fundamentals/rate-limits',
    'https://docs.x.com/x-api/media/quickstart/best-practices',
    'https://docs.x.com/x-api/posts/manage-tweets/integrate',
    'https://docs.x.com/changelog',
    'https://github.com/xdevplatform/xdk/blob/main/specs/openapi.json',
    'https://github.com/twitter/twitter-text/blob/master/config/v3.json',
    'https://devcommunity.x.com/t/271768',
  ],
  connect: {
    oauth2: {
      instructions:
        'X connects the account that is logged in there in this browser. Switch accounts at X first if you want another one.',
      helpUrl: connectedAppsUrl,
      fields: [],
      client: 'configured',
      // The machine-readable description prints another address; the documentation and the world use this one.
      authorizationUrl: '{www}/i/oauth2/authorize',
      tokenUrl: '{api}/2/oauth2/token',
      pkce: 'S256',
      clientAuthentication: 'client_secret_basic',
      tokenRequest: 'form',
      parameterNames: { clientId: 'client_id', clientSecret: 'client_secret', scope: 'scope' },
      scopeSeparator: ' ',
      authorizationParameters: {},
      reconnectParameters: {},
      scopeGrant: 'replace',
      // 127.0.0.1, but not localhost.
      redirect: 'loopback_ok',
    },
    listsAllTargets: true,
    targetKinds: ['profile'],
  },
  app: {
    registrationUrl: consoleUrl,
    fields: [
      {
        name: 'clientId',
        label: 'Client ID',
        description: 'The one of OAuth 2.0, not the API key of OAuth 1.0a.',
        secret: false,
        required: true,
      },
      {
        name: 'clientSecret',
        label: 'Client Secret',
        description: 'The one of OAuth 2.0; only applications of type Web App or Automated App have one.',
        secret: true,
        required: true,
      },
    ],
  },
  endpoints: {
    www: {
      url: 'https://x.com',
      description: 'Where people consent; links to profiles and posts start with it.',
    },
    api: { url: 'https://api.x.com', description: 'Tokens, who the account is, posts and media.' },
  },
  scopes: [
    {
      name: 'tweet.read',
      need: 'required',
      why: 'X asks for it with every call, also for telling who you are.',
    },
    { name: 'tweet.write', need: 'required', why: 'Publishes and deletes your posts.' },
    { name: 'users.read', need: 'required', why: 'Shows which account was connected.' },
    { name: 'media.write', need: 'required', why: 'Uploads the images and videos of your posts.' },
    { name: 'offline.access', need: 'required', why: 'Without it the connection would end after two hours.' },
  ],
  tokens: {
    refresh: 'rotating',
    // X takes the old token out of use as soon as it handles the request, and one shown twice may end them all.
    replay: 'single_use',
    // Minutes of two hours: each refresh is a risk, for its answer may be lost.
    refreshAheadSeconds: 300,
    verifyBy: 'call',
    revocationScope: 'token',
    neededToPublish: true,
  },
  publish: {
    dedupe: null,
    // How soon a post is listed is not said anywhere; a minute is a guess.
    reconcile: { read: ['tweet.read'], afterSeconds: 60 },
    remainingRisk:
      'If the answer to a post is lost, we look for it among the newest posts of the account. One that X lists later than a minute after it was made is not found, and is published again, unless X refuses it as a duplicate.',
    canDelete: true,
    limits: postLimits,
    pace: {
      account: { max: 100, perSeconds: 900 },
      client: { max: 10_000, perSeconds: 86_400 },
    },
    options: [
      {
        name: 'replySettings',
        label: 'Who can reply',
        description:
          'Only accounts you follow, only those you mention, only your subscribers, or only verified accounts. Without it everybody can.',
        type: 'string',
        values: ['following', 'mentionedUsers', 'subscribers', 'verified'],
      },
      {
        name: 'madeWithAi',
        label: 'Made with AI',
        description: 'Says on the post that its pictures or videos were made with AI.',
        type: 'boolean',
        default: false,
      },
      {
        name: 'paidPartnership',
        label: 'Paid partnership',
        description: 'Says on the post that it is a paid partnership.',
        type: 'boolean',
        default: false,
      },
    ],
  },
  rateLimits: [
    { what: 'looks at the own account, per account', max: 75, perSeconds: 900 },
    { what: 'posts per account', max: 100, perSeconds: 900 },
    { what: 'posts per application, per day', max: 10_000, perSeconds: 86_400 },
    { what: 'deletions per account', max: 50, perSeconds: 900 },
    { what: 'media uploads per account', max: 500, perSeconds: 900 },
    { what: 'media uploads per application, per day', max: 50_000, perSeconds: 86_400 },
  ],
  links: { revokeAccess: connectedAppsUrl, createCredential: consoleUrl },
} satisfies Manifest
