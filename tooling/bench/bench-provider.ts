import { classifyTokenError, defineProvider, type Provider } from './core.js'
import type { Replay } from './messages.js'

export const benchClient = { id: 'bench', secrets: ['secret-of-the-bench'], optionalScopes: [], values: {} }

/** A platform that consists of a token server; everything about its refresh is what core does by itself. */
export const benchProvider = (replay: Replay): Provider =>
  defineProvider<Provider>({
    manifest: {
      id: 'bench',
      name: 'Bench',
      checkedOn: '2026-11-22',
      sources: ['https://example.org/docs'],
      connect: {
        oauth2: {
          instructions: 'Consents by itself.',
          helpUrl: 'https://example.org/help',
          fields: [],
          client: 'configured',
          authorizationUrl: '{server}/authorize',
          tokenUrl: '{server}/token',
          revocationUrl: '{server}/revoke',
          pkce: 'S256',
          clientAuthentication: 'client_secret_basic',
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
      app: {
        registrationUrl: 'https://example.org/apps',
        fields: [
          { name: 'clientId', label: 'Client ID', description: 'The id.', secret: false, required: true },
        ],
      },
      endpoints: { server: { url: 'https://bench.example.org', description: 'The token server.' } },
      scopes: [{ name: 'write', need: 'required', why: 'To publish.' }],
      tokens: {
        refresh: 'rotating',
        replay,
        refreshAheadSeconds: 2,
        verifyBy: 'refresh',
        revocationScope: 'token',
        neededToPublish: true,
      },
      publish: {
        dedupe: null,
        reconcile: 'never',
        remainingRisk: '',
        canDelete: false,
        limits: { text: [{ unit: 'graphemes', max: 300 }], textOnly: true },
      },
      rateLimits: [],
      links: { revokeAccess: 'https://example.org/revoke', createCredential: 'https://example.org/apps' },
    },
    identify: async (_ctx, { tokens, answer, requestedScopes }) => ({
      subject: String(answer.user_id),
      tokens,
      grantedScopes: tokens.grantedScopes ?? requestedScopes,
      settings: {},
      secrets: {},
    }),
    listTargets: async (_ctx, { subject }) => [
      { targetId: subject, handle: subject, displayName: null, avatarUrl: null, profileUrl: null },
    ],
    verify: async () => ({ status: 'active', reason: null, platformCode: null }),
    classifyError: (error, occasion) => classifyTokenError(error, occasion) ?? { kind: 'unavailable' },
  })
