import { z } from 'zod'
import { publishSchema } from './post-limits.js'

const url = z.url({ protocol: /^https?$/ })

const credentialField = z.strictObject({
  name: z.string().regex(/^[a-z][a-zA-Z0-9]*$/),
  label: z.string().min(1),
  description: z.string().min(1),
  secret: z.boolean(),
  required: z.boolean(),
  example: z.string().optional(),
})

/** A base address by the name of its endpoint in braces, then a path: `{graph}/oauth/access_token`. */
const addressTemplate = z.string().regex(/^\{[a-z][a-zA-Z0-9]*\}(\/\S*)?$/)

/** One of several ways through the browser. */
const way = z.strictObject({
  /** What callers choose it by. */
  id: z.string().regex(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/),
  name: z.string().min(1),
  /** One sentence: whom it is for. */
  summary: z.string().min(1),
})

const oauth2 = z.strictObject({
  /** Only where there are several ways; see `connect.furtherWays`. */
  way: way.optional(),
  /** What the person will see and should know beforehand. */
  instructions: z.string().min(1),
  helpUrl: url,
  /** What must be known before anyone is sent off, such as the address of a server. */
  fields: z.array(credentialField),
  /**
   * Whose application we are there. `configured`: one the operator registered by hand, see `app`. `registered`: one the provider
   * registers at each server (`registerClient`). `document`: one described by a document that we serve.
   */
  client: z.enum(['configured', 'registered', 'document']),
  /** Absent where they are found by the provider (`locateServer`, `authorize`). */
  authorizationUrl: addressTemplate.optional(),
  tokenUrl: addressTemplate.optional(),
  /** RFC 7009; absent where the platform has none or `revoke` does it. */
  revocationUrl: addressTemplate.optional(),
  pkce: z.enum(['S256', 'none']),
  clientAuthentication: z.enum(['client_secret_basic', 'client_secret_post', 'none']),
  /** How the parameters of a token request travel: in the body, or in the query of a GET. */
  tokenRequest: z.enum(['form', 'query']),
  /** Names of parameters that differ from RFC 6749. */
  parameterNames: z.strictObject({
    clientId: z.string().default('client_id'),
    clientSecret: z.string().default('client_secret'),
    scope: z.string().default('scope'),
  }),
  scopeSeparator: z.enum([' ', ',']),
  /** Sent with every authorization request. */
  authorizationParameters: z.record(z.string(), z.string()),
  /** Parameters whose value the operator configures, by `app.fields`; sent only where it is set. */
  appParameters: z
    .record(z.string(), z.strictObject({ field: z.string(), inPlaceOf: z.string().optional() }))
    .optional(),
  /** Sent in addition when an account is reconnected, so that choices made before can be changed. */
  reconnectParameters: z.record(z.string(), z.string()),
  /** Sent in addition with every exchange of a code. Default: none. */
  exchangeParameters: z.record(z.string(), z.string()).optional(),
  /** What a new consent does to older ones: takes their place, adds to them, or there is only one set of scopes. */
  scopeGrant: z.enum(['replace', 'union', 'fixed_set']),
  /** Whether the platform sends people back to an http address on this machine. */
  redirect: z.enum(['https_only', 'loopback_ok']),
  /** Issuer identifier that every authorization response must carry (RFC 9207); absent where the platform sends none. */
  issuer: addressTemplate.optional(),
})

const replay = z.union([z.strictObject({ graceSeconds: z.int().positive() }), z.literal('single_use')])

const app = z.strictObject({
  /** Where an operator registers the application. */
  registrationUrl: url,
  /** What the operator configures, as `POSTMCP_<PLATFORM>_<FIELD>`; `clientId` and `clientSecret` are those of OAuth. */
  fields: z.array(credentialField).min(1),
})

const tokens = z.strictObject({
  refresh: z.enum(['rotating', 'reusable', 'extend_access_token', 'none']),
  /** What the platform does with a refresh token that was already used: the same answer for so many seconds, or an error. */
  replay,
  /** Where it differs for grants of an OAuth consent. */
  oauth2Replay: replay.optional(),
  /** How long before expiry a token is replaced. */
  refreshAheadSeconds: z.int().nonnegative(),
  /** `refresh` where a living access token proves nothing about the grant behind it. */
  verifyBy: z.enum(['call', 'refresh']),
  /** Whether a revocation ends one token or everything the person granted this client. */
  revocationScope: z.enum(['token', 'subject']),
  /** Whether publishing ends with the grant's tokens; false where they only prove who connected. */
  neededToPublish: z.boolean(),
  /** Days after a consent on which the person must consent again; absent: never. */
  reconsentAfterDays: z.int().positive().optional(),
  /** What is left at the platform after a disconnect and how the user removes it. */
  remainsAfterRevocation: z.string().optional(),
})

/** A way through the browser that is not the first one: what takes the place of the declarations of the platform. */
const furtherWay = z.strictObject({
  oauth2: oauth2.required({ way: true }),
  app,
  tokens,
  /** Where people take this access away; default: as `links.revokeAccess`. */
  revokeAccess: url.optional(),
})

/** The declared data of a platform: everything that is a fact and not behaviour. Checked once, when the provider is defined. */
export const manifestSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9]*$/),
  name: z.string().min(1),
  /** Day (YYYY-MM-DD) on which the facts were last held against their sources. */
  checkedOn: z.iso.date(),
  /** Pages the facts come from. */
  sources: z.array(url).min(1),
  connect: z.strictObject({
    /** Absent where the platform has no such way. */
    credentials: z
      .strictObject({
        instructions: z.string().min(1),
        helpUrl: url,
        fields: z.array(credentialField).min(1),
      })
      .optional(),
    /** The first way through the browser, and where there is no other the only one. */
    oauth2: oauth2.optional(),
    /** Ways beside `oauth2`, each with an application, scopes and tokens of its own; see `onWay`. Then all of them name their `way`. */
    furtherWays: z.array(furtherWay).min(1).optional(),
    /** What to do where a grant feeds nothing yet but may soon, such as a bot that has to be added to a channel first. */
    targetsAppearLater: z.string().min(1).optional(),
    /** Whether `listTargets` names every target of a grant; then one that is not named is not granted any more. */
    listsAllTargets: z.boolean(),
    /** What a target is called: profile, page, channel, board. */
    targetKinds: z.array(z.string().min(1)).min(1),
  }),
  /** The application an operator registers at the platform; absent where none is needed. */
  app: app.optional(),
  /** Base addresses by name; the operator overrides E with `POSTMCP_<PLATFORM>_<E>_URL`. */
  endpoints: z.record(
    z.string().regex(/^[a-z][a-zA-Z0-9]*$/),
    z.strictObject({ url, description: z.string().min(1) }),
  ),
  scopes: z.array(
    z.strictObject({
      name: z.string().min(1),
      /** `optional` ones are asked for only where the operator says so. */
      need: z.enum(['required', 'optional', 'never_asked']),
      /** The one way of connecting it belongs to; absent: all. */
      method: z.enum(['oauth2', 'credentials']).optional(),
      /** The one way through the browser it belongs to, by its id; absent: all. */
      way: z.string().optional(),
      /** Names under which some servers grant the same or more. */
      alternatives: z.array(z.string().min(1)).optional(),
      /** One sentence: why we ask, or why we never do. */
      why: z.string().min(1),
    }),
  ),
  tokens,
  publish: publishSchema,
  rateLimits: z.array(
    z.strictObject({
      what: z.string().min(1),
      max: z.int().positive(),
      perSeconds: z.int().positive(),
    }),
  ),
  links: z.strictObject({
    /** Where the user takes away our access. */
    revokeAccess: url,
    /** Where one makes the app or credential needed to connect. */
    createCredential: url,
  }),
})

/** The declared data of a platform. */
export type Manifest = z.infer<typeof manifestSchema>

/** One of several ways through the browser, as people are told of it. */
export type Way = z.infer<typeof way>

/** How a platform does OAuth 2.0. */
export type OAuth2Declaration = NonNullable<Manifest['connect']['oauth2']>
