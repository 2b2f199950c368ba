import {
  type AuthorizationServer,
  type JsonObject,
  MalformedResponseError,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  retryAfter,
} from '@postmcp/core'
import { z } from 'zod'
import { hostOf, parseInstance, refuseInstance } from './instance.js'

const metadataAnswer = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  revocation_endpoint: z.string().nullish(),
  app_registration_endpoint: z.string().nullish(),
  scopes_supported: z.array(z.string()).nullish(),
  code_challenge_methods_supported: z.array(z.string()).nullish(),
  authorization_response_iss_parameter_supported: z.boolean().nullish(),
})
type Metadata = z.infer<typeof metadataAnswer>

/**
 * Finds the OAuth server of an instance and makes sure that it is that very instance: nothing is followed elsewhere.
 * @throws PostMcpError `invalid_request` (no instance, or it lives elsewhere), `issuer_mismatch`
 * @throws MalformedResponseError, PlatformError, TransportError
 */
export async function locateServer(
  ctx: ProviderContext,
  fields: Record<string, string>,
): Promise<AuthorizationServer> {
  const instance = parseInstance(fields.instance ?? '')
  const metadata = await readMetadata(ctx, instance)
  const software = await readSoftware(ctx, instance)
  const about = await readAbout(ctx, instance)
  if (!about) {
    const known = software ? ` It runs ${software.name}.` : ''
    throw refuseInstance(
      `${hostOf(instance)} does not answer like a server that speaks Mastodon's API.${known}`,
      'Check the spelling of the instance.',
    )
  }
  const own = (address: string | null | undefined, path: string) =>
    address ? ownAddress(instance, address) : `${instance}${path}`
  return {
    id: instance,
    authorizationUrl: own(metadata?.authorization_endpoint, '/oauth/authorize'),
    tokenUrl: own(metadata?.token_endpoint, '/oauth/token'),
    revocationUrl: own(metadata?.revocation_endpoint, '/oauth/revoke'),
    ...(metadata?.authorization_response_iss_parameter_supported && { issuer: metadata.issuer }),
    // Servers that know nothing of it ignore it, and some that do not say so require it.
    pkce: metadata?.code_challenge_methods_supported?.includes('S256') === false ? 'none' : 'S256',
    scopes: [
      metadata?.scopes_supported?.includes('profile') ? 'profile' : 'read:accounts',
      'write:statuses',
      'write:media',
    ],
    settings: {
      instance,
      domain: shownDomain(instance, about.domain),
      software: software?.name ?? null,
      version: software?.version ?? about.version,
      registrationUrl: own(metadata?.app_registration_endpoint, '/api/v1/apps'),
    } satisfies JsonObject,
  }
}

/** RFC 8414, on Mastodon since 4.3; null where there is none. @see https://docs.joinmastodon.org/methods/oauth/ (2026-11-22) */
async function readMetadata(ctx: ProviderContext, instance: string): Promise<Metadata | null> {
  const json = await read(ctx, instance, '/.well-known/oauth-authorization-server')
  if (json === null) return null
  const parsed = metadataAnswer.safeParse(json)
  if (!parsed.success) {
    throw new MalformedResponseError(
      `${hostOf(instance)} describes its authorization server in a way nobody understands.`,
    )
  }
  const { issuer } = parsed.data
  if (URL.canParse(issuer) && new URL(issuer).href === `${instance}/`) return parsed.data
  throw new PostMcpError(
    'issuer_mismatch',
    `${hostOf(instance)} says that its authorizations come from ${nameOf(issuer)}; they are not used.`,
    {
      platform: 'mastodon',
      nextAction: 'Connect with the address under which the instance knows itself, if you trust it.',
    },
  )
}

function ownAddress(instance: string, address: string): string {
  if (URL.canParse(address) && new URL(address).origin === instance) return address
  throw new PostMcpError(
    'issuer_mismatch',
    `${hostOf(instance)} sends people to ${nameOf(address)} to authorize; that is not used.`,
    { platform: 'mastodon', nextAction: 'Ask the people who run the instance.' },
  )
}

const nodeinfoLinks = z.object({ links: z.array(z.object({ rel: z.string(), href: z.string() })) })
const nodeinfo = z.object({ software: z.object({ name: z.string(), version: z.string() }) })

/** Which software runs there: to be shown, never to be decided by. Null where it does not say. */
async function readSoftware(ctx: ProviderContext, instance: string) {
  try {
    const { links } = nodeinfoLinks.parse(await read(ctx, instance, '/.well-known/nodeinfo'))
    const found = links.find(
      ({ rel, href }) => /\/ns\/schema\/2\.\d$/.test(rel) && originOf(href) === instance,
    )
    if (!found) return null
    const { name, version } = nodeinfo.parse(
      await read(ctx, instance, found.href.slice(found.href.indexOf('/', instance.length))),
    ).software
    return { name: name.slice(0, 50), version: version.slice(0, 50) }
  } catch {
    return null
  }
}

const aboutV2 = z.object({ domain: z.string(), version: z.string() })
const aboutV1 = z.object({ uri: z.string(), version: z.string() })

/** What the instance says about itself, in the newer form or the older one; null where it is no such server. */
async function readAbout(ctx: ProviderContext, instance: string) {
  const newer = aboutV2.safeParse(await read(ctx, instance, '/api/v2/instance'))
  if (newer.success) return { domain: newer.data.domain, version: newer.data.version.slice(0, 100) }
  const older = aboutV1.safeParse(await read(ctx, instance, '/api/v1/instance'))
  return older.success ? { domain: older.data.uri, version: older.data.version.slice(0, 100) } : null
}

/**
 * Reads one of the documents by which a server describes itself; null where there is none. Some answer every unknown path with
 * their web page.
 */
async function read(ctx: ProviderContext, instance: string, path: string): Promise<unknown> {
  const url = new URL(path, instance)
  const { status, headers, json } = await ctx.http.request({ method: 'GET', url, maxBytes: 1024 * 1024 })
  if (status === 429 || status >= 500) {
    throw new PlatformError({
      status,
      platformCode: null,
      message: `${url.host} answered with status ${status}.`,
      retryAfter: retryAfter(headers, ctx.clock.now()),
    })
  }
  if (status >= 300 && status < 400) {
    const target = originOf(headers.get('location') ?? '', url.href)
    if (target !== null && target !== instance) throw elsewhere(instance, target)
  }
  return status === 200 ? (json ?? null) : null
}

/** People may name the domain of their address where the instance lives below another name; nobody is followed unasked. */
const elsewhere = (instance: string, target: string) =>
  refuseInstance(
    `${hostOf(instance)} sends on to ${nameOf(target)}; a redirect is not followed.`,
    `If the instance of the account lives there, connect with ${nameOf(target)}.`,
  )

/**
 * The domain that stands behind the names of accounts. It may be shorter than the host, `example.org` of
 * `social.example.org`; one that has nothing to do with the host is not believed.
 */
function shownDomain(instance: string, claimed: string): string {
  const host = hostOf(instance)
  const domain = claimed
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '')
    .toLowerCase()
  return domain.includes('.') && host.endsWith(`.${domain}`) ? domain : host
}

function originOf(address: string, base?: string): string | null {
  return URL.canParse(address, base) ? new URL(address, base).origin : null
}

/** An address out of a foreign mouth, short enough to be shown. */
const nameOf = (address: string) => (originOf(address) ?? address).slice(0, 200)
