/** What stands behind a claim that we behave as a platform wants it, or that the sandbox behaves as the platform does. */
export interface Evidence {
  /** Id of the platform; `oauth` for what all that use the engine for OAuth have in common. */
  platform: string
  /** What was held against it. */
  checked: string
  against: Witness
  /** Test files, from the root of the repository. */
  tests: string[]
}

/** Something that was not made here. */
export type Witness =
  | { kind: 'server' | 'client'; name: string; package: string; version: string; via: PackageFolder }
  | { kind: 'description'; name: string; file: string; state: string }
  | { kind: 'fact page' }

/** The workspace that has a package, and the packages on the way to it. */
export type PackageFolder = [workspace: string, ...packages: string[]]

const realServer: Witness = {
  kind: 'server',
  name: "Bluesky's own server (PDS)",
  package: '@atproto/pds',
  version: '0.5.35',
  via: ['tooling', '@atproto/dev-env'],
}

const emulate: Witness = {
  kind: 'server',
  name: 'emulate, a simulation made by others',
  package: 'emulate',
  version: '0.12.2',
  via: ['packages/providers'],
}

const client = (name: string, pkg: string, version: string): Witness => ({
  kind: 'client',
  name,
  package: pkg,
  version,
  via: ['packages/sandbox'],
})

const description = (name: string, file: string, state: string): Witness => ({
  kind: 'description',
  name,
  file,
  state,
})

/** @param except what the description does not hold */
const specs = (platform: string, against: Witness, except = ''): Evidence => ({
  platform,
  checked: `the provider's requests from connecting to revoking, and the sandbox's answers, refusals included${except}`,
  against,
  tests: [`packages/providers/test/specs/${platform}.specs.test.ts`],
})

const noOAuth = '; but not tokens and their revocation, which it does not describe'

const vendor = (platform: string, against: Witness): Evidence => ({
  platform,
  checked: "the sandbox's answers",
  against,
  tests: [`packages/sandbox/src/${platform}/vendor.test.ts`],
})

const factPageOnly = (platform: string): Evidence => ({
  platform,
  checked: 'provider and sandbox, each written after the documentation, then against each other',
  against: { kind: 'fact page' },
  tests: [
    `packages/providers/src/${platform}/conformance.test.ts`,
    `packages/sandbox/src/${platform}/${platform}.test.ts`,
  ],
})

/** All there is, by platform. */
export const evidence: readonly Evidence[] = [
  {
    platform: 'oauth',
    checked: 'authorization, PKCE, client authentication, refresh with rotation, revocation',
    against: {
      kind: 'server',
      name: 'a certified OAuth server',
      package: 'oidc-provider',
      version: '9.13.3',
      via: ['packages/core'],
    },
    tests: ['packages/core/src/oauth/oidc-provider.test.ts'],
  },
  {
    platform: 'bluesky',
    checked: 'the provider with app passwords: all of its life, publishing included',
    against: realServer,
    tests: [
      'packages/providers/src/bluesky/bluesky.pds.test.ts',
      'packages/providers/src/bluesky/conformance.pds.test.ts',
    ],
  },
  {
    platform: 'bluesky',
    checked: 'the provider with OAuth: PAR, DPoP, rotation, publishing',
    against: realServer,
    tests: [
      'packages/providers/src/bluesky/bluesky-oauth.pds.test.ts',
      'packages/providers/src/bluesky/oauth-conformance.pds.test.ts',
    ],
  },
  {
    platform: 'bluesky',
    checked:
      'the provider with OAuth as a confidential client: documents fetched by https, `private_key_jwt`, change of keys',
    against: realServer,
    tests: ['packages/providers/src/bluesky/bluesky-oauth-confidential.pds.test.ts'],
  },
  {
    platform: 'bluesky',
    checked:
      'what we believe of its server: sessions, repeated writes, moderation, tokens for other services',
    against: realServer,
    tests: [
      'tooling/test-servers/pds.test.ts',
      'tooling/test-servers/pds-facts.test.ts',
      'packages/sandbox/src/bluesky/pds-facts.test.ts',
    ],
  },
  specs(
    'mastodon',
    description('OpenAPI of Mastodon 4.7.0, not by its makers', 'mastodon.openapi.json', '2026-08-19'),
  ),
  specs('x', description("X's OpenAPI", 'x.openapi.json', '2026-07-25'), noOAuth),
  specs('discord', description("Discord's OpenAPI", 'discord.openapi.json', '2026-07-18'), noOAuth),
  vendor('discord', client('the HTTP client of discord.js', '@discordjs/rest', '2.6.3')),
  specs('pinterest', description("Pinterest's OpenAPI 5.23.0", 'pinterest.openapi.json', '2025-12-11')),
  specs('slack', description("Slack's Swagger, given up in 2021", 'slack.swagger.json', '2021-09-03')),
  vendor('slack', client("Slack's own client", '@slack/web-api', '8.2.0')),
  {
    platform: 'slack',
    checked: 'the provider: connecting, channels, status, refused codes and clients',
    against: emulate,
    tests: ['packages/providers/test/emulate/slack.test.ts'],
  },
  specs('telegram', description('Bot API 10.1, not by its makers', 'telegram.bot-api.json', '2026-06-18')),
  vendor('telegram', client('grammY', 'grammy', '1.46.0')),
  vendor('bluesky', client("Bluesky's own client", '@atproto/api', '0.21.0')),
  {
    platform: 'bluesky',
    checked: "the sandbox's video service: states of a job and limits",
    against: client("Bluesky's own client", '@atproto/api', '0.21.0'),
    tests: ['packages/sandbox/src/bluesky/video/video.test.ts'],
  },
  vendor('mastodon', client('masto.js', 'masto', '8.0.0')),
  vendor('youtube', client("Google's own client", '@googleapis/youtube', '39.0.0')),
  {
    platform: 'youtube',
    checked:
      'the provider: connecting with PKCE, refresh, revocation, refused codes and clients; no channels',
    against: emulate,
    tests: ['packages/providers/test/emulate/google.test.ts'],
  },
  factPageOnly('threads'),
  factPageOnly('tiktok'),
  factPageOnly('linkedin'),
  factPageOnly('facebook'),
  factPageOnly('instagram'),
]
