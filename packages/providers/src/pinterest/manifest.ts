import type { Manifest } from '@postmcp/core'
import { limits, options } from './limits.js'

/** Where people take away the access of an application; the path is unverified. */
const revokeAccessUrl = 'https://www.pinterest.com/settings/security'

/** The facts of Pinterest. "Unverified" marks what no official page that was read says. */
export const manifest = {
  id: 'pinterest',
  name: 'Pinterest',
  checkedOn: '2026-11-22',
  sources: [
    'https://github.com/pinterest/api-description/blob/main/v5/openapi.json',
    'https://developers.pinterest.com/docs/getting-started/set-up-authentication-and-authorization/',
    'https://developers.pinterest.com/docs/getting-started/connect-app/',
    'https://developers.pinterest.com/docs/key-concepts/access-tiers/',
    'https://developers.pinterest.com/docs/reference/rate-limits/',
    'https://github.com/pinterest/api-quickstart',
  ],
  connect: {
    oauth2: {
      instructions:
        'Pinterest asks whether PostMCP may see your boards and publish Pins on them. Afterwards you choose the boards.',
      helpUrl:
        'https://developers.pinterest.com/docs/getting-started/set-up-authentication-and-authorization/',
      fields: [],
      client: 'configured',
      authorizationUrl: '{www}/oauth/',
      tokenUrl: '{api}/v5/oauth/token',
      // Nothing official names PKCE; connectors run without it.
      pkce: 'none',
      clientAuthentication: 'client_secret_basic',
      tokenRequest: 'form',
      parameterNames: { clientId: 'client_id', clientSecret: 'client_secret', scope: 'scope' },
      scopeSeparator: ',',
      authorizationParameters: {},
      reconnectParameters: {},
      // Applications made before 2025-09-25 get a refresh token that goes on only if they ask for it.
      exchangeParameters: { continuous_refresh: 'true' },
      // Not documented; a consent that asks everything is right either way.
      scopeGrant: 'replace',
      redirect: 'loopback_ok',
    },
    targetsAppearLater: 'Create a board at Pinterest first; it can then be chosen here.',
    listsAllTargets: true,
    targetKinds: ['board'],
  },
  app: {
    registrationUrl: 'https://developers.pinterest.com/apps/',
    fields: [
      {
        name: 'clientId',
        label: 'App ID',
        description: 'The number Pinterest gave the app.',
        secret: false,
        required: true,
        example: '1234567',
      },
      {
        name: 'clientSecret',
        label: 'App secret key',
        description: 'The secret of the app, shown beside its number.',
        secret: true,
        required: true,
      },
    ],
  },
  endpoints: {
    www: {
      url: 'https://www.pinterest.com',
      description: 'Where people consent and look at boards and Pins.',
    },
    api: {
      url: 'https://api.pinterest.com',
      description: 'The API. Apps with Trial access publish to https://api-sandbox.pinterest.com only.',
    },
  },
  scopes: [
    {
      name: 'user_accounts:read',
      need: 'required',
      why: 'Shows whose boards these are, and whether the authorization still works.',
    },
    { name: 'boards:read', need: 'required', why: 'Lists the boards to publish on.' },
    {
      name: 'boards:write',
      need: 'required',
      why: 'Pinterest asks for it, beside the others, to create and delete a Pin; boards themselves are left alone.',
    },
    {
      name: 'pins:read',
      need: 'required',
      why: 'Pinterest asks for it to create a Pin; it also finds a Pin again when an answer was lost.',
    },
    { name: 'pins:write', need: 'required', why: 'Publishes Pins, and deletes those published from here.' },
    { name: 'boards:read_secret', need: 'optional', why: 'Lists secret boards as well.' },
    { name: 'boards:write_secret', need: 'optional', why: 'Needed to publish on secret boards.' },
    { name: 'pins:read_secret', need: 'optional', why: 'Finds a Pin on a secret board again.' },
    { name: 'pins:write_secret', need: 'optional', why: 'Publishes Pins on secret boards.' },
    {
      name: 'user_accounts:write',
      need: 'never_asked',
      why: 'Changes the account itself and whom it follows.',
    },
    { name: 'ads:write', need: 'never_asked', why: 'Spends money on advertising.' },
  ],
  tokens: {
    // Access tokens live 30 days, refresh tokens 60 days from their last use; always read from the answer.
    refresh: 'rotating',
    // Not documented, so the careful one.
    replay: 'single_use',
    refreshAheadSeconds: 259_200,
    verifyBy: 'call',
    revocationScope: 'token',
    neededToPublish: true,
    remainsAfterRevocation: `Pinterest lets an app end only tokens of its own system users. What we held is destroyed; take away the access itself at ${revokeAccessUrl}.`,
  },
  publish: {
    dedupe: null,
    // How soon a new Pin is listed is not documented; a minute is a guess.
    reconcile: { read: ['pins:read'], afterSeconds: 60 },
    remainingRisk:
      'Pinterest accepts the same Pin twice. A Pin whose answer was lost is looked for on the board by title, description, link and time; if you edit or delete it before we look, it may be published once more.',
    canDelete: true,
    // It carries the pictures.
    sendSeconds: 120,
    limits,
    pace: { account: { max: 50, perSeconds: 60 } },
    options,
  },
  rateLimits: [
    { what: 'calls per person, with Standard access', max: 100, perSeconds: 1 },
    { what: 'reading calls per person, with Standard access', max: 1000, perSeconds: 60 },
    { what: 'writing calls per person, with Standard access', max: 100, perSeconds: 60 },
    { what: 'calls of the whole app, with Trial access', max: 1000, perSeconds: 86_400 },
    { what: 'writing calls of the whole app, with Trial access', max: 300, perSeconds: 86_400 },
  ],
  links: {
    revokeAccess: revokeAccessUrl,
    createCredential: 'https://developers.pinterest.com/apps/',
  },
} satisfies Manifest
