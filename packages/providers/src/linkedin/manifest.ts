import type { Manifest } from '@postmcp/core'
import { limits } from './limits.js'

/**
 * `LinkedIn-Version` of every call below `/rest/`. One lives for about a year; this one until 2027-09-15. A call with one that has
 * ended is answered 426, whatever else is right.
 * @see https://learn.microsoft.com/en-us/linkedin/marketing/integrations/migrations
 */
export const apiVersion = '202609'

/** What must be granted beside the required scopes before company pages are listed. */
export const organizationScopes = ['w_organization_social', 'rw_organization_admin'] as const

/** Where people see which applications may act for them, and take that away. */
const permittedServicesUrl = 'https://www.linkedin.com/psettings/permitted-services'
const developerAppsUrl = 'https://www.linkedin.com/developers/apps'

/** The facts of LinkedIn. */
export const manifest = {
  id: 'linkedin',
  name: 'LinkedIn',
  checkedOn: '2026-11-22',
  sources: [
    'https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow',
    'https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens',
    'https://learn.microsoft.com/en-us/linkedin/shared/authentication/token-introspection',
    'https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/error-handling',
    'https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2',
    'https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/share-on-linkedin',
    'https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-access-control-by-role',
    'https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-lookup-api',
    'https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api',
    'https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/images-api',
    'https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/videos-api',
    'https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/multiimage-post-api',
    'https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format',
    'https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/comments-api',
    'https://learn.microsoft.com/en-us/linkedin/marketing/integrations/migrations',
  ],
  connect: {
    oauth2: {
      instructions:
        'LinkedIn shows what PostMCP may do for you; you can allow all of it or nothing. You act as the member who is logged in at LinkedIn in this browser. When your access is still good, LinkedIn may send you back without asking.',
      helpUrl: permittedServicesUrl,
      fields: [],
      client: 'configured',
      authorizationUrl: '{www}/oauth/v2/authorization',
      tokenUrl: '{www}/oauth/v2/accessToken',
      // The flow for web applications documents `state` only; PKCE belongs to one for native clients, which LinkedIn must enable.
      pkce: 'none',
      clientAuthentication: 'client_secret_post',
      tokenRequest: 'form',
      parameterNames: { clientId: 'client_id', clientSecret: 'client_secret', scope: 'scope' },
      scopeSeparator: ' ',
      // Never `prompt=none`: with it first connects fail or bring too few scopes (gitroomhq/postiz-app#1580, #1582).
      authorizationParameters: {},
      reconnectParameters: {},
      // A consent with another list of scopes ends every token the member gave this application before.
      scopeGrant: 'replace',
      // What is documented. LinkedIn has been seen to take http://localhost as well.
      redirect: 'https_only',
    },
    listsAllTargets: true,
    targetKinds: ['member', 'organization'],
  },
  app: {
    registrationUrl: developerAppsUrl,
    fields: [
      {
        name: 'clientId',
        label: 'Client ID',
        description: 'On the Auth tab of your application at LinkedIn.',
        secret: false,
        required: true,
      },
      {
        name: 'clientSecret',
        label: 'Primary client secret',
        description: 'Beside the client ID.',
        secret: true,
        required: true,
      },
    ],
  },
  endpoints: {
    www: {
      url: 'https://www.linkedin.com',
      description: 'Consent, tokens and their introspection; links to pages start with it.',
    },
    api: { url: 'https://api.linkedin.com', description: 'Who the member is, company pages, and posts.' },
  },
  scopes: [
    {
      name: 'openid',
      need: 'required',
      why: 'Tells which member granted the access; posts are written in the name of that id.',
    },
    { name: 'profile', need: 'required', why: 'Shows your name and picture beside the account.' },
    { name: 'w_member_social', need: 'required', why: 'Publishes and deletes posts in your name.' },
    {
      name: 'w_organization_social',
      need: 'optional',
      why: 'Publishes and deletes posts of company pages; needs the Community Management product.',
    },
    {
      name: 'rw_organization_admin',
      need: 'optional',
      why: 'Lists the company pages you may post to; needs the Community Management product.',
    },
    {
      name: 'r_organization_social',
      need: 'optional',
      why: 'Looks whether a post of a company page is there when the answer to it was lost.',
    },
    {
      name: 'w_member_social_feed',
      need: 'optional',
      why: 'Comments below your own posts in your name; needs the Community Management product.',
    },
    {
      name: 'w_organization_social_feed',
      need: 'optional',
      why: 'Comments below posts of company pages in the name of the page; needs the Community Management product.',
    },
    {
      name: 'r_organization_social_feed',
      need: 'optional',
      why: 'Looks whether a comment of a company page is there when the answer to it was lost.',
    },
    { name: 'email', need: 'never_asked', why: 'Your address is of no use to us.' },
    {
      name: 'r_member_social',
      need: 'never_asked',
      why: 'Would read your own posts; LinkedIn gives it to no new applications.',
    },
    {
      name: 'r_member_social_feed',
      need: 'never_asked',
      why: 'Would read comments below your own posts; LinkedIn gives it to few applications.',
    },
  ],
  tokens: {
    // Only approved partners get refresh tokens; everyone else consents again within 60 days.
    refresh: 'reusable',
    // The refresh token stays the same for its 365 days, so that repeating a refresh is harmless.
    replay: { graceSeconds: 31_536_000 },
    // A week of an access token's 60 days.
    refreshAheadSeconds: 604_800,
    verifyBy: 'call',
    revocationScope: 'token',
    neededToPublish: true,
    // A refresh does not prolong the refresh token. Without one it is 60 days, which is the end of the access token.
    reconsentAfterDays: 365,
    // An address for revocation is in use by others and documented nowhere, so we do not call it.
    remainsAfterRevocation: `LinkedIn offers applications no documented way to give access back. Our copy of the token is destroyed; remove PostMCP at ${permittedServicesUrl} as well.`,
  },
  publish: {
    dedupe: null,
    // Posts of company pages only: LinkedIn lets no application read a member's. How soon they are listed is a guess.
    reconcile: { read: ['r_organization_social'], afterSeconds: 60 },
    remainingRisk:
      "If the answer to a member's post or comment is lost, no application can look whether it is there, so a person has to. Posts of company pages are looked for where the application has r_organization_social, their comments where it has r_organization_social_feed as well. LinkedIn refuses an identical post for about ten minutes. Older pages of LinkedIn say that who may post may comment; the newest ones name scopes of their own for comments, and we ask for these.",
    canDelete: true,
    limits,
    options: [
      {
        name: 'disableReshare',
        label: 'Nobody can reshare it',
        description: 'Others cannot share the post with their own network.',
        type: 'boolean',
        default: false,
      },
    ],
  },
  rateLimits: [
    { what: 'calls per member, until midnight UTC', max: 150, perSeconds: 86_400 },
    { what: 'calls per application, until midnight UTC', max: 100_000, perSeconds: 86_400 },
  ],
  links: { revokeAccess: permittedServicesUrl, createCredential: developerAppsUrl },
} satisfies Manifest
