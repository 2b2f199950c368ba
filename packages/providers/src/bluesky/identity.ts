import {
  type Issue,
  MalformedResponseError,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  retryAfter,
} from '@postmcp/core'
import { z } from 'zod'
import { xrpc } from './xrpc.js'

/** How a user names an account. */
export type Identifier = { kind: 'handle' | 'did' | 'email'; text: string }

/** An account as found through the directory. */
export interface Identity {
  did: string
  /** Origin of the server that holds the account now. */
  pds: string
}

/** What stands in a handle's place when it does not lead back to its account. */
export const invalidHandle = 'handle.invalid'

// https://atproto.com/specs/handle (2026-11-22)
const handleForm = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/
const reservedEndings = /\.(alt|arpa|example|internal|invalid|local|localhost|onion)$/
// https://atproto.com/specs/did (2026-11-22): these two methods only, and did:web without a path.
const didForm = /^did:(plc:[a-z2-7]{24}|web:([a-z0-9-]+\.)*[a-z0-9-]+(%3a\d+)?)$/
const emailForm = /^[^@]+@[^@]+\.[^@]+$/
// Copied handles often bring invisible direction marks along.
const invisible = /[\s\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g

/** Whether a normalised text is a handle that may exist. */
export const isHandle = (text: string): boolean =>
  text.length <= 253 && handleForm.test(text) && !reservedEndings.test(text)

/**
 * Reads what a user typed as the name of an account: `@`, spaces and invisible characters go, capitals become small.
 * @throws PostMcpError `invalid_request` when it is neither a handle nor a DID nor an e-mail address.
 */
export function parseIdentifier(typed: string): Identifier {
  const text = typed.replaceAll(invisible, '').replace(/^@+/, '').toLowerCase()
  if (text.startsWith('did:')) {
    if (didForm.test(text)) return { kind: 'did', text }
    throw refuse('identifier', 'The identifier is not a did:plc or did:web identifier.')
  }
  if (text.includes('@')) {
    if (emailForm.test(text)) return { kind: 'email', text }
    throw refuse('identifier', 'The identifier is not an e-mail address.')
  }
  if (isHandle(text)) return { kind: 'handle', text }
  // What was typed is not repeated: in this field too it may be a password.
  const hint = text.includes('.') || text === '' ? '' : ' It has to be whole, with its domain.'
  throw refuse('identifier', `The identifier is not a handle such as name.bsky.social or example.org.${hint}`)
}

/**
 * The origin of a server a user named; a bare host name means https.
 * @throws PostMcpError `invalid_request` when it is more or less than an origin.
 */
export function parseService(typed: string): string {
  const text = typed.trim()
  const origin = originOf(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`)
  // A name without a dot is no server's, and may be a password in the wrong field: it must not reach DNS or a log.
  if (origin && /[.:]|^localhost$/.test(new URL(origin).hostname)) return origin
  throw refuse(
    'service',
    'The service is not the plain address of a server, such as https://pds.example.org.',
  )
}

/** The DID of a handle, or null when nothing is known of it. */
export async function resolveHandle(ctx: ProviderContext, handle: string): Promise<string | null> {
  try {
    const { did } = await xrpc(ctx, {
      service: endpoint(ctx, 'resolver'),
      method: 'com.atproto.identity.resolveHandle',
      query: { handle },
      answer: z.object({ did: z.string().regex(didForm) }),
    })
    return did
  } catch (error) {
    // `HandleNotFound` on newer servers, `InvalidRequest` on the public AppView; there is nothing else it could refuse.
    if (error instanceof PlatformError && (error.status === 400 || error.status === 404)) return null
    throw error
  }
}

/**
 * Finds who is meant and where the account lives. A handle must lead to a DID and the DID's document back to the handle.
 * @throws PostMcpError `identity_not_found`
 */
export async function resolveIdentity(
  ctx: ProviderContext,
  identifier: Identifier & { kind: 'handle' | 'did' },
): Promise<Identity> {
  const document = await findDocument(ctx, identifier)
  return { did: document.id, pds: pdsOf(document) }
}

/**
 * The DID document of who is meant; as for `resolveIdentity`.
 * @throws PostMcpError `identity_not_found`
 */
export async function findDocument(
  ctx: ProviderContext,
  identifier: Identifier & { kind: 'handle' | 'did' },
): Promise<DidDocument> {
  if (identifier.kind === 'did') return fetchDocument(ctx, identifier.text)
  const handle = identifier.text
  const did = await resolveHandle(ctx, handle)
  if (did === null) throw notFound(`No account is known under the handle ${handle}.`)
  const document = await fetchDocument(ctx, did)
  if (!document.alsoKnownAs.some((name) => name.toLowerCase() === `at://${handle}`)) {
    throw notFound(
      `The handle ${handle} points to ${did}, but that account does not call itself ${handle}.`,
      'Correct the handle, or connect with the DID if that account is meant.',
    )
  }
  return document
}

/**
 * Where the account with this DID lives now.
 * @throws PostMcpError `identity_not_found`
 */
export async function resolveDid(ctx: ProviderContext, did: string): Promise<Identity> {
  return { did, pds: pdsOf(await fetchDocument(ctx, did)) }
}

const didDocument = z.object({
  id: z.string(),
  alsoKnownAs: z.array(z.string()).default([]),
  service: z.array(z.object({ id: z.string(), type: z.string(), serviceEndpoint: z.unknown() })).default([]),
})
/** What we read of a DID document. */
export type DidDocument = z.infer<typeof didDocument>

async function fetchDocument(ctx: ProviderContext, did: string): Promise<DidDocument> {
  const url = did.startsWith('did:web:')
    ? `https://${did.slice('did:web:'.length).replace('%3a', ':')}/.well-known/did.json`
    : `${endpoint(ctx, 'plc')}/${did}`
  const { host } = new URL(url)
  const { status, json, headers } = await ctx.http.request({ method: 'GET', url, maxBytes: 256 * 1024 })
  if (status === 404 || status === 410) throw notFound(`${host} knows no account ${did}.`)
  if (status === 429 || status >= 500) {
    throw new PlatformError({
      status,
      platformCode: null,
      message: `The directory ${host} answered with status ${status}.`,
      retryAfter: retryAfter(headers, ctx.clock.now()),
    })
  }
  const document = didDocument.safeParse(json)
  if (status !== 200 || !document.success || document.data.id !== did) {
    throw new MalformedResponseError(`${host} did not answer with the DID document of ${did}.`)
  }
  return document.data
}

function pdsOf(document: DidDocument): string {
  const entry = document.service.find(
    ({ id, type }) => id.endsWith('#atproto_pds') && type === 'AtprotoPersonalDataServer',
  )
  const origin = typeof entry?.serviceEndpoint === 'string' ? originOf(entry.serviceEndpoint) : null
  if (origin) return origin
  throw notFound(`The document of ${document.id} names no server that holds the account.`)
}

/** The origin of an address that is nothing but one, else null. */
function originOf(text: string): string | null {
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  const isBare =
    url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  return isBare && /^https?:$/.test(url.protocol) ? url.origin : null
}

type EndpointName = 'resolver' | 'plc' | 'entryway' | 'video' | 'web'

/** The address of a declared endpoint. */
export function endpoint(ctx: ProviderContext, name: EndpointName): string {
  const url = ctx.endpoints[name]
  if (url === undefined)
    throw new PostMcpError('config_invalid', `Endpoint ${name} of bluesky is not configured.`)
  return url
}

function refuse(field: string, message: string): PostMcpError {
  const issue: Issue = { code: 'malformed', severity: 'error', message, field }
  return new PostMcpError('invalid_request', message, { platform: 'bluesky', issues: [issue] })
}

const notFound = (message: string, nextAction?: string) =>
  new PostMcpError('identity_not_found', message, { platform: 'bluesky', nextAction })
