import { Hono } from 'hono'
import { describeAccount } from './account-entity.js'
import { IMAGE_TYPES, VIDEO_TYPES } from './media-types.js'
import { knownScopes } from './scopes.js'
import type { Instance } from './server.js'

/** What an instance says about itself: nodeinfo, instance documents, OAuth metadata. */
export function createInstanceRoutes(instance: Instance): Hono {
  const { kit, facts } = instance
  const app = new Hono()
  app.get('/.well-known/nodeinfo', (c) =>
    c.json({
      links: [{ rel: 'http://nodeinfo.diaspora.software/ns/schema/2.0', href: `${kit.base()}/nodeinfo/2.0` }],
    }),
  )
  app.get('/nodeinfo/2.0', (c) =>
    c.json({
      version: '2.0',
      software: facts.software,
      protocols: ['activitypub'],
      services: { outbound: [], inbound: [] },
      usage: { users: { total: kit.world.people().length }, localPosts: kit.world.posts().length },
      openRegistrations: false,
      metadata: {},
    }),
  )
  if (facts.hasMetadata)
    app.get('/.well-known/oauth-authorization-server', (c) => c.json(describeAuthorization(instance)))
  if (facts.hasInstanceV2) app.get('/api/v2/instance', (c) => c.json(describeInstance(instance)))
  app.get('/api/v1/instance', (c) => c.json(describeInstanceV1(instance)))
  return app
}

/** @see https://docs.joinmastodon.org/methods/oauth/#authorization-server-metadata */
function describeAuthorization(instance: Instance) {
  const { kit, facts } = instance
  const base = kit.base()
  return {
    issuer: `${base}/`,
    service_documentation: 'https://docs.joinmastodon.org/',
    authorization_endpoint: `${base}/oauth/authorize`,
    token_endpoint: `${base}/oauth/token`,
    app_registration_endpoint: `${base}/api/v1/apps`,
    revocation_endpoint: `${base}/oauth/revoke`,
    ...(facts.hasUserinfo && { userinfo_endpoint: `${base}/oauth/userinfo` }),
    scopes_supported: knownScopes(instance),
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    grant_types_supported: ['authorization_code', 'client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: ['S256'],
  }
}

const describeLimits = ({ facts }: Instance) => ({
  accounts: { max_featured_tags: 10, max_pinned_statuses: 5 },
  statuses: {
    max_characters: facts.maxCharacters,
    max_media_attachments: facts.maxMediaAttachments,
    characters_reserved_per_url: facts.charactersPerUrl,
  },
  media_attachments: {
    supported_mime_types: [...IMAGE_TYPES, ...VIDEO_TYPES],
    ...(facts.descriptionLimit !== null && { description_limit: facts.descriptionLimit }),
    image_size_limit: 16_777_216,
    image_matrix_limit: 33_177_600,
    video_size_limit: 103_809_024,
    video_frame_rate_limit: 120,
    video_matrix_limit: 8_294_400,
  },
  polls: {
    max_options: 4,
    max_characters_per_option: 50,
    min_expiration: 300,
    max_expiration: 2_629_746,
  },
})

const TITLE = 'Simulated instance'
const DESCRIPTION = 'An instance of the PostMCP sandbox. Nobody is here.'
const EMAIL = 'nobody@sandbox.example'

/** @see https://docs.joinmastodon.org/entities/Instance/ */
function describeInstance(instance: Instance) {
  const { kit, facts } = instance
  const base = kit.base()
  const [contact] = kit.world.people()
  return {
    domain: new URL(base).host,
    title: TITLE,
    version: facts.version,
    source_url: 'https://github.com/mastodon/mastodon',
    description: DESCRIPTION,
    usage: { users: { active_month: kit.world.people().length } },
    thumbnail: { url: contact ? kit.avatarUrl(contact) : `${base}/`, blurhash: null, versions: null },
    icon: [],
    languages: ['en'],
    configuration: {
      ...describeLimits(instance),
      urls: {
        streaming: base.replace(/^http/, 'ws'),
        status: null,
        about: `${base}/about`,
        privacy_policy: null,
        terms_of_service: null,
      },
      translation: { enabled: false },
      limited_federation: false,
    },
    registrations: { enabled: false, approval_required: false, message: null, url: null },
    ...(facts.apiVersion !== null && { api_versions: { mastodon: facts.apiVersion } }),
    contact: { email: EMAIL, account: contact ? describeAccount(instance, contact) : null },
    rules: [],
  }
}

/** @see https://docs.joinmastodon.org/entities/V1_Instance/ */
function describeInstanceV1(instance: Instance) {
  const { kit, facts } = instance
  const base = kit.base()
  const [contact] = kit.world.people()
  return {
    uri: new URL(base).host,
    title: TITLE,
    short_description: DESCRIPTION,
    description: DESCRIPTION,
    email: EMAIL,
    version: facts.version,
    urls: { streaming_api: base.replace(/^http/, 'ws') },
    stats: { user_count: kit.world.people().length, status_count: kit.world.posts().length, domain_count: 0 },
    thumbnail: null,
    languages: ['en'],
    registrations: false,
    approval_required: false,
    invites_enabled: false,
    configuration: describeLimits(instance),
    contact_account: contact ? describeAccount(instance, contact) : null,
    rules: [],
  }
}
