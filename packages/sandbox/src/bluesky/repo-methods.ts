import type { Context } from 'hono'
import type { Person } from '../world.js'
import { describeDid, findAccount, findActiveAccount, requireAccount, statusOf } from './accounts.js'
import { findBlob, keepBlob } from './blobs.js'
import { type Caller, requireCaller, requireCallerOrService } from './caller.js'
import { authRequired, invalidRequest } from './errors.js'
import type { Pds } from './pds.js'
import type { RepoAction } from './permissions.js'
import { type Charge, LIMITS } from './rate-limits.js'
import { uriOf, type Write } from './repositories.js'
import { everyone, requireParameter, requireText, type XrpcCall, type XrpcServer } from './xrpc.js'

/** The method that takes files; also what tokens for the video service are made for. */
export const UPLOAD_BLOB = 'com.atproto.repo.uploadBlob'

/** Records and files: the methods of `com.atproto.repo`, and of `com.atproto.sync` those about one account. */
export function addRepoMethods(server: XrpcServer, pds: Pds): void {
  addWritingMethods(server, pds)
  addReadingMethods(server, pds)
}

function addWritingMethods(server: XrpcServer, pds: Pds): void {
  const { kit, repositories } = pds
  const writing = { verb: 'POST', takes: 'json', authorize: (c: Context) => requireCaller(pds, c) } as const

  server.add({
    ...writing,
    nsid: 'com.atproto.repo.createRecord',
    charges: ({ auth }) => writes(auth, 3),
    handle(call) {
      const write = readWrite(pds, call, ['create'], () => repositories.nextTid())
      return repositories.create(write)
    },
  })

  server.add({
    ...writing,
    nsid: 'com.atproto.repo.putRecord',
    charges: ({ auth }) => writes(auth, 2),
    handle(call) {
      // Whether it will be the one or the other is not asked before.
      const write = readWrite(pds, call, ['create', 'update'])
      const { swapRecord } = call.input
      return repositories.put(write, swapRecord === null ? null : optionalText(swapRecord))
    },
  })

  server.add({
    ...writing,
    nsid: 'com.atproto.repo.deleteRecord',
    charges: ({ auth }) => writes(auth, 1),
    handle(call) {
      const collection = requireText(call, 'collection')
      const { id } = requireOwnRepo(pds, call, collection, ['delete'])
      const uri = uriOf(id, collection, requireText(call, 'rkey'))
      const commit = repositories.delete(uri, optionalText(call.input.swapRecord))
      return commit ? { commit } : {}
    },
  })

  server.add({
    nsid: UPLOAD_BLOB,
    verb: 'POST',
    takes: 'bytes',
    async authorize(c) {
      const caller = await requireCallerOrService(pds, c, UPLOAD_BLOB)
      // Whom another service acts for it does not look at.
      if (!caller.isService) requireAccount(kit, caller.did, { takenDown: true })
      caller.permissions?.assertBlob(typeOf(c))
      return caller
    },
    charges: ({ auth }) => [{ limit: LIMITS.uploads, key: auth.did, points: 1 }],
    handle: ({ c, auth, bytes }) => ({ blob: keepBlob(kit, auth.did, bytes, typeOf(c)) }),
  })
}

const typeOf = (c: Context) => c.req.header('content-type')?.split(';')[0]?.trim() ?? ''

const writes = ({ did }: Caller, points: number): Charge[] =>
  [LIMITS.writesPerHour, LIMITS.writesPerDay].map((limit) => ({ limit, key: did, points }))

const optionalText = (value: unknown) => (typeof value === 'string' ? value : undefined)

/** @throws XrpcError unless the repository is the caller's and can be written to, by what was granted */
function requireOwnRepo(
  { kit }: Pds,
  call: XrpcCall<Caller>,
  collection: string,
  actions: RepoAction[],
): Person {
  const person = requireAccount(kit, requireText(call, 'repo'), { takenDown: true, deactivated: true })
  if (person.id !== call.auth.did) throw authRequired()
  call.auth.permissions?.assertRepo(collection, ...actions)
  return person
}

function readWrite(pds: Pds, call: XrpcCall<Caller>, actions: RepoAction[], chooseKey?: () => string): Write {
  const collection = requireText(call, 'collection')
  const { record, rkey, validate } = call.input
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    throw invalidRequest('Input must have the property "record"')
  const { id } = requireOwnRepo(pds, call, collection, actions)
  return {
    did: id,
    collection,
    rkey: rkey === undefined && chooseKey ? chooseKey() : requireText(call, 'rkey'),
    record: { ...('$type' in record ? {} : { $type: collection }), ...record },
    ...(typeof validate === 'boolean' && { validate }),
  }
}

function addReadingMethods(server: XrpcServer, { kit, repositories }: Pds): void {
  const reading = { verb: 'GET', authorize: everyone } as const

  server.add({
    ...reading,
    nsid: 'com.atproto.repo.getRecord',
    handle(call) {
      const person = findActiveAccount(kit, requireParameter(call, 'repo'))
      if (!person) throw invalidRequest('Could not locate record')
      const uri = uriOf(person.id, requireParameter(call, 'collection'), requireParameter(call, 'rkey'))
      const found = repositories.get(uri)
      const cid = call.query.get('cid')
      if (!found || (cid !== null && cid !== found.cid))
        throw invalidRequest(`Could not locate record: ${uri}`, 'RecordNotFound')
      return found
    },
  })

  server.add({
    ...reading,
    nsid: 'com.atproto.repo.listRecords',
    handle(call) {
      const repo = requireParameter(call, 'repo')
      const person = findActiveAccount(kit, repo)
      if (!person) throw invalidRequest(`Could not find repo: ${repo}`)
      const isOldestFirst = call.query.get('reverse') === 'true'
      const limit = Math.min(100, Math.max(1, Number(call.query.get('limit') ?? 50) || 50))
      const cursor = call.query.get('cursor')
      const all = repositories.list(person.id, requireParameter(call, 'collection'))
      const records = (isOldestFirst ? all : all.reverse())
        .filter(({ uri }) => cursor === null || keyOf(uri) < cursor !== isOldestFirst)
        .filter(({ uri }) => keyOf(uri) !== cursor)
        .slice(0, limit)
      const last = records.at(-1)
      return { records, ...(last && { cursor: keyOf(last.uri) }) }
    },
  })

  server.add({
    ...reading,
    nsid: 'com.atproto.repo.describeRepo',
    handle(call) {
      const person = requireVisibleRepo(requireParameter(call, 'repo'))
      return {
        handle: person.handle,
        did: person.id,
        didDoc: describeDid(kit, person),
        collections: repositories.collections(person.id),
        handleIsCorrect: true,
      }
    },
  })

  server.add({
    ...reading,
    nsid: 'com.atproto.sync.getRepoStatus',
    handle(call) {
      const person = requireRepo(requireParameter(call, 'did'))
      const { active, status } = statusOf(person)
      return active
        ? { did: person.id, active, rev: repositories.revision(person.id) }
        : { did: person.id, active, status }
    },
  })

  server.add({
    ...reading,
    nsid: 'com.atproto.sync.getBlob',
    handle(call) {
      const person = requireVisibleRepo(requireParameter(call, 'did'))
      const media = findBlob(kit, person.id, requireParameter(call, 'cid'))
      const bytes = media && kit.world.mediaBytes(media.id)
      if (!media || !bytes) throw invalidRequest('Blob not found')
      return call.c.body(Uint8Array.from(bytes).buffer, 200, {
        'content-type': media.mimeType,
        'content-disposition': `attachment; filename="${media.facts.cid}"`,
        'content-security-policy': "default-src 'none'; sandbox",
        'x-content-type-options': 'nosniff',
      })
    },
  })

  function requireRepo(name: string): Person {
    const person = findAccount(kit, name)
    if (!person) throw invalidRequest(`Could not find repo for DID: ${name}`, 'RepoNotFound')
    return person
  }

  function requireVisibleRepo(name: string): Person {
    const person = requireRepo(name)
    const refusal = HIDDEN[person.condition]
    if (refusal) throw invalidRequest(`Repo has been ${refusal.verb}: ${name}`, refusal.code)
    return person
  }
}

const HIDDEN: Readonly<Record<string, { verb: string; code: string }>> = {
  takendown: { verb: 'takendown', code: 'RepoTakendown' },
  suspended: { verb: 'suspended', code: 'RepoSuspended' },
  deactivated: { verb: 'deactivated', code: 'RepoDeactivated' },
}

const keyOf = (uri: string) => uri.slice(uri.lastIndexOf('/') + 1)
