import type { Manifest } from '@postmcp/core'

/** The facts of Example, a platform that is not there: people with pages, and notes on them. */
export const manifest = {
  id: 'example',
  name: 'Example',
  checkedOn: '2026-11-22',
  sources: ['https://docs.example.com/api', 'https://docs.example.com/oauth'],
  connect: {
    oauth2: {
      instructions: 'Example asks which of your pages PostMCP may publish notes on.',
      helpUrl: 'https://docs.example.com/oauth',
      fields: [],
      client: 'configured',
      authorizationUrl: '{web}/oauth/authorize',
      tokenUrl: '{api}/oauth/token',
      revocationUrl: '{api}/oauth/revoke',
      pkce: 'S256',
      clientAuthentication: 'client_secret_post',
      tokenRequest: 'form',
      parameterNames: { clientId: 'client_id', clientSecret: 'client_secret', scope: 'scope' },
      scopeSeparator: ' ',
      authorizationParameters: {},
      reconnectParameters: { prompt: 'consent' },
      scopeGrant: 'replace',
      redirect: 'loopback_ok',
    },
    listsAllTargets: true,
    targetKinds: ['page'],
  },
  app: {
    registrationUrl: 'https://developers.example.com/apps',
    fields: [
      {
        name: 'clientId',
        label: 'Client ID',
        description: 'On the page of the app.',
        secret: false,
        required: true,
      },
      {
        name: 'clientSecret',
        label: 'Client secret',
        description: 'Beside the client ID.',
        secret: true,
        required: true,
      },
    ],
  },
  endpoints: {
    web: { url: 'https://www.example.com', description: 'Where people consent and read notes.' },
    api: { url: 'https://api.example.com', description: 'Tokens, pages and notes.' },
  },
  scopes: [
    { name: 'pages', need: 'required', why: 'Lists the pages to publish on.' },
    { name: 'notes', need: 'required', why: 'Publishes notes, and deletes those published from here.' },
    { name: 'messages', need: 'never_asked', why: 'Reads private messages, which we never touch.' },
  ],
  tokens: {
    // Access tokens live an hour, refresh tokens 90 days; always read from the answer.
    refresh: 'rotating',
    replay: 'single_use',
    refreshAheadSeconds: 300,
    verifyBy: 'call',
    revocationScope: 'token',
    neededToPublish: true,
  },
  publish: {
    dedupe: { kind: 'idempotency_key', windowSeconds: 86_400 },
    reconcile: 'key',
    remainingRisk:
      'Example forgets our keys after a day; a note whose answer was lost for longer may be published twice.',
    canDelete: true,
    limits: { text: [{ unit: 'code_points', max: 1000 }], textOnly: true },
  },
  rateLimits: [{ what: 'notes per page', max: 60, perSeconds: 3600 }],
  links: {
    revokeAccess: 'https://www.example.com/settings/apps',
    createCredential: 'https://developers.example.com/apps',
  },
} satisfies Manifest
