import type { Manifest } from '@postmcp/core'
import { graphVersion } from '../graph-version.js'

/** Where apps of Meta are registered, for both ways. */
export const registrationUrl = 'https://developers.facebook.com/apps/'

/** What differs with Facebook Login: the accounts that are linked to the Pages of a person, each published to with its Page's token. */
export const facebookLoginWay = {
  oauth2: {
    way: {
      id: 'facebook_login',
      name: 'Facebook Login',
      summary: 'All accounts that are linked to your Facebook Pages at once, by logging in to Facebook.',
    },
    instructions:
      'Facebook asks which Pages and Instagram accounts you want to use and what we may do with them. Choose every Page whose Instagram account you want to publish to, and leave the permissions on. The account must be a professional one and be linked to the Page.',
    helpUrl: 'https://developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login',
    fields: [],
    client: 'configured',
    authorizationUrl: `{facebook}/${graphVersion}/dialog/oauth`,
    tokenUrl: `{facebookGraph}/${graphVersion}/oauth/access_token`,
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
  app: {
    registrationUrl,
    fields: [
      {
        name: 'clientId',
        label: 'App ID',
        description:
          'App ID of the Meta app, under App settings, Basic. It is another one than the Instagram app ID.',
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
  tokens: {
    // A long-lived token of a person cannot be extended; the tokens of Pages made with it have no end.
    refresh: 'none',
    replay: 'single_use',
    refreshAheadSeconds: 0,
    verifyBy: 'call',
    revocationScope: 'subject',
    // Accounts are published to with the tokens of their Pages, which outlive that of the person.
    neededToPublish: false,
    // About 90 days after a person was last active with the app it may no longer read their data.
    reconsentAfterDays: 90,
  },
  revokeAccess: 'https://www.facebook.com/settings/?tab=business_tools',
} satisfies NonNullable<Manifest['connect']['furtherWays']>[number]
