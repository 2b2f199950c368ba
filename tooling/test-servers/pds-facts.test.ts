/**
 * What the reference PDS (`@atproto/pds` 0.5.35) really answers, learned by asking it. The provider in
 * `packages/providers/src/bluesky` relies on these sentences; when an update of the PDS breaks one, look there.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startTestPds, type TestAccount, type TestPds } from './pds.js'
import {
  jwtPayload,
  nextTid,
  pngOf,
  postCollection,
  putPost,
  uploadBlob,
  type XrpcAnswer,
  xrpc,
} from './xrpc-calls.js'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const createSession = 'com.atproto.server.createSession'
const refreshSession = 'com.atproto.server.refreshSession'
const deleteSession = 'com.atproto.server.deleteSession'
const getSession = 'com.atproto.server.getSession'
const putRecord = 'com.atproto.repo.putRecord'
const getRecord = 'com.atproto.repo.getRecord'
const deleteRecord = 'com.atproto.repo.deleteRecord'
const resolveHandle = 'com.atproto.identity.resolveHandle'

const wrongPassword = [401, 'AuthenticationRequired', 'Invalid identifier or password']
const takenDown = [401, 'AccountTakedown', 'Account has been taken down']
const deactivated = [401, 'AccountDeactivated', 'Account is deactivated']
const revoked = [400, 'ExpiredToken', 'Token has been revoked']
const expired = [400, 'ExpiredToken', 'Token has expired']
const unverified = [400, 'InvalidToken', 'Token could not be verified']
const noSuchUser = (did: string) => [400, 'InvalidRequest', `Could not find user info for account: ${did}`]
const invalid = (problem: string) => [400, 'InvalidRequest', `Invalid app.bsky.feed.post record: ${problem}`]
const badHandle = (handle: string) => [
  400,
  'InvalidRequest',
  `Invalid com.atproto.identity.resolveHandle params: Invalid handle (got "${handle}")`,
]

/** Status, error and message of a refusal, which is all there is. */
const refusal = ({ status, json: { error, message, ...rest } }: XrpcAnswer) => {
  expect(rest).toEqual({})
  return [status, error, message]
}

let pds: TestPds
let account: TestAccount
let auth: string

beforeAll(async () => {
  pds = await startTestPds()
  account = await pds.createAccount()
  auth = pds.signAccessToken(account.did)
})
afterAll(() => pds.close())

const login = (identifier: string, password: string, extra: Record<string, unknown> = {}) =>
  xrpc(pds.url, createSession, { body: { identifier, password, ...extra } })
const put = (body: object, token: unknown = auth) => xrpc(pds.url, putRecord, { auth: token, body })
const putText = (text: string, fields?: Record<string, unknown>) =>
  put(putPost(account.did, nextTid(), text, fields))
const refresh = (token: unknown) => xrpc(pds.url, refreshSession, { auth: token })
const logout = (token: unknown) => xrpc(pds.url, deleteSession, { auth: token })
const session = (token: unknown) => xrpc(pds.url, getSession, { query: {}, auth: token })

/** An account with an app password and a session made with it. */
async function connected() {
  const owner = await pds.createAccount()
  const appPassword = await pds.createAppPassword(owner)
  const { json } = await login(owner.handle, appPassword.password)
  return { owner, appPassword, accessJwt: json.accessJwt, refreshJwt: json.refreshJwt }
}

describe('putRecord with a key of our own and swapRecord null', () => {
  it('creates once, says 200 without commit to the identical repeat, and InvalidSwap to other content', async () => {
    const body = putPost(account.did, nextTid(), 'one')
    const first = await put(body)
    expect(first).toMatchObject({ status: 200, json: { validationStatus: 'valid' } })
    expect(Object.keys(first.json).sort()).toEqual(['cid', 'commit', 'uri', 'validationStatus'])
    expect(first.json.uri).toBe(`at://${account.did}/app.bsky.feed.post/${body.rkey}`)

    const again = await put(body)
    const { commit: _, ...withoutCommit } = first.json
    expect(again).toMatchObject({ status: 200, json: withoutCommit })
    expect(again.json).not.toHaveProperty('commit')

    const other = await put({ ...body, record: { ...body.record, text: 'two' } })
    expect(refusal(other)).toEqual([400, 'InvalidSwap', `Record was at ${first.json.cid}`])
  })

  it('refuses the original once the record was edited elsewhere', async () => {
    const body = putPost(account.did, nextTid(), 'original')
    await put(body)
    const edited = await put({ ...body, swapRecord: undefined, record: { ...body.record, text: 'edited' } })
    expect(edited.status).toBe(200)
    expect(refusal(await put(body))).toEqual([400, 'InvalidSwap', `Record was at ${edited.json.cid}`])
  })

  it('publishes anew, with the same cid, after the record was deleted', async () => {
    const body = putPost(account.did, nextTid(), 'deleted and back')
    const first = await put(body)
    await pds.deleteRecord(account, body.rkey)
    const again = await put(body)
    expect(again).toMatchObject({ status: 200, json: { cid: first.json.cid, commit: {} } })
    expect(again.json.commit).not.toEqual(first.json.commit)
  })

  it('lets exactly one of several simultaneous requests make the record', async () => {
    const body = putPost(account.did, nextTid(), 'all the same')
    const same = await Promise.all(Array.from({ length: 5 }, () => put(body)))
    expect(same.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(same.filter(({ json }) => 'commit' in json)).toHaveLength(1)

    const rkey = nextTid()
    const different = await Promise.all([1, 2, 3].map((n) => put(putPost(account.did, rkey, `number ${n}`))))
    expect(different.map(({ status }) => status).sort()).toEqual([200, 400, 400])
    expect(different.map(({ json }) => json.error).sort()).toEqual(['InvalidSwap', 'InvalidSwap', undefined])
  })

  it('validates a post whether or not asked to, and not when told not to', async () => {
    const good = putPost(account.did, nextTid(), 'valid')
    expect((await put({ ...good, validate: true })).json).toMatchObject({
      validationStatus: 'valid',
      commit: {},
    })
    expect((await put({ ...good, validate: true })).json).not.toHaveProperty('commit')
    const bad = () => putPost(account.did, nextTid(), 'bad', { createdAt: 'nope' })
    const problem = invalid('Invalid datetime (got "nope") at $.record.createdAt')
    expect(refusal(await put(bad()))).toEqual(problem)
    expect(refusal(await put({ ...bad(), validate: true }))).toEqual(problem)
    const unchecked = await put({ ...bad(), validate: false })
    expect(unchecked.status).toBe(200)
    expect(unchecked.json).not.toHaveProperty('validationStatus')
  })

  it('refuses keys that are not TIDs, and repositories of others or of nobody', async () => {
    expect(refusal(await put(putPost(account.did, 'hello', 'x')))).toEqual([
      400,
      'InvalidRequest',
      'Invalid record key for app.bsky.feed.post: Invalid TID string (got "hello") at $',
    ])
    const other = await pds.createAccount()
    const toOther = await put(putPost(other.did, nextTid(), 'x'))
    expect(refusal(toOther)).toEqual([401, 'AuthenticationRequired', 'Authentication Required'])
    const toNobody = await put(putPost('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', nextTid(), 'x'))
    expect(refusal(toNobody)).toEqual([403, 'AccountNotFound', 'Account not found'])
  })

  it('differs from createRecord, which answers 500 to a key that exists', async () => {
    const { swapRecord: _, ...body } = putPost(account.did, nextTid(), 'created')
    const create = () => xrpc(pds.url, 'com.atproto.repo.createRecord', { auth, body })
    expect((await create()).status).toBe(200)
    expect(refusal(await create())).toEqual([500, 'InternalServerError', 'Internal Server Error'])
  })
})

describe('createSession', () => {
  it('says the same to a wrong password, an unknown account and a malformed identifier', async () => {
    const answers = await Promise.all([
      login(account.handle, 'aaaa-bbbb-cccc-dddd'),
      login('nobody.test', 'aaaa-bbbb-cccc-dddd'),
      login('!!', 'aaaa-bbbb-cccc-dddd'),
      login(`@${account.handle}`, account.password),
    ])
    for (const answer of answers) expect(refusal(answer)).toEqual(wrongPassword)
  })

  it('shows in the scope of the access token which kind of password was used', async () => {
    const ordinary = await pds.createAppPassword(account)
    const privileged = await pds.createAppPassword(account, { privileged: true })
    const passwords = [account.password, ordinary.password, privileged.password]
    const answers = await Promise.all(passwords.map((password) => login(account.handle, password)))
    expect(answers.map(({ json }) => jwtPayload(json.accessJwt).scope)).toEqual([
      'com.atproto.access',
      'com.atproto.appPass',
      'com.atproto.appPassPrivileged',
    ])
    const { iat, exp, ...access } = jwtPayload(answers[1]!.json.accessJwt)
    expect(access).toEqual({ scope: 'com.atproto.appPass', aud: 'did:web:localhost', sub: account.did })
    expect(Number(exp) - Number(iat)).toBe(7200)
    const { jti: _, ...refreshClaims } = jwtPayload(answers[1]!.json.refreshJwt)
    expect(refreshClaims).toMatchObject({ scope: 'com.atproto.refresh', sub: account.did })
    expect(Number(refreshClaims.exp) - Number(refreshClaims.iat)).toBe(90 * 86400)
  })

  it('takes e-mail, DID and upper case; the password must be in its own case', async () => {
    const { password } = await pds.createAppPassword(account)
    const identifiers = [account.handle, account.handle.toUpperCase(), account.email, account.did]
    const answers = await Promise.all(identifiers.map((identifier) => login(identifier, password)))
    const expected = {
      did: account.did,
      handle: account.handle,
      email: account.email,
      emailConfirmed: false,
      active: true,
    }
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, json: expected })
    expect(answers[0]!.json).not.toHaveProperty('status')
    expect(refusal(await login(account.handle, password.toUpperCase()))).toEqual(wrongPassword)
  })

  it('calls an app password wrong while the account is taken down, and names the takedown only to the main password', async () => {
    const { owner, appPassword } = await connected()
    await pds.takedown(owner)
    expect(refusal(await login(owner.handle, appPassword.password))).toEqual(wrongPassword)
    expect(refusal(await login(owner.handle, appPassword.password, { allowTakendown: true }))).toEqual(
      wrongPassword,
    )
    expect(refusal(await login(owner.handle, owner.password))).toEqual(takenDown)
    const allowed = await login(owner.handle, owner.password, { allowTakendown: true })
    expect(allowed).toMatchObject({ status: 200, json: { active: false, status: 'takendown' } })
    expect(jwtPayload(allowed.json.accessJwt).scope).toBe('com.atproto.takendown')
    await pds.reverseTakedown(owner)
    expect((await login(owner.handle, appPassword.password)).status).toBe(200)
  })

  it('lets a deactivated account in and says so', async () => {
    const { owner, appPassword } = await connected()
    await pds.deactivate(owner)
    const answer = await login(owner.handle, appPassword.password)
    expect(answer).toMatchObject({ status: 200, json: { active: false, status: 'deactivated' } })
  })
})

describe('tokens that have ended', () => {
  it('after its app password was revoked a session cannot refresh or start, but its access token goes on', async () => {
    const { owner, appPassword, accessJwt, refreshJwt } = await connected()
    await pds.revokeAppPassword(owner, appPassword.name)
    expect(await session(accessJwt)).toMatchObject({ status: 200, json: { did: owner.did, active: true } })
    expect((await put(putPost(owner.did, nextTid(), 'still here'), accessJwt)).status).toBe(200)
    expect(refusal(await refresh(refreshJwt))).toEqual(revoked)
    expect(refusal(await login(owner.handle, appPassword.password))).toEqual(wrongPassword)
  })

  it('after deleteSession the refresh token is revoked, the access token goes on, and a repeat is fine', async () => {
    const { accessJwt, refreshJwt } = await connected()
    expect(refusal(await logout(accessJwt))).toEqual(unverified)
    expect(await logout(refreshJwt)).toMatchObject({ status: 200, text: '' })
    expect(refusal(await refresh(refreshJwt))).toEqual(revoked)
    expect((await session(accessJwt)).status).toBe(200)
    expect((await logout(refreshJwt)).status).toBe(200)
  })

  it('an expired access token is 400 ExpiredToken everywhere, also for uploads', async () => {
    const { owner, accessJwt } = await connected()
    const old = pds.expireAccessToken(String(accessJwt))
    expect(refusal(await session(old))).toEqual(expired)
    expect(refusal(await put(putPost(owner.did, nextTid(), 'x'), old))).toEqual(expired)
    const { blob: _, ...upload } = await uploadBlob(pds.url, old, pngOf(), 'image/png')
    expect(refusal(upload)).toEqual(expired)
  })

  it('an expired refresh token cannot refresh but can still log out', async () => {
    const { refreshJwt } = await connected()
    const old = pds.expireRefreshToken(String(refreshJwt))
    expect(refusal(await refresh(old))).toEqual(expired)
    expect((await logout(old)).status).toBe(200)
    expect(refusal(await refresh(refreshJwt))).toEqual(revoked)
  })

  it('garbage and tokens of the other kind are 400 InvalidToken, a missing token 401 AuthMissing', async () => {
    const { owner, accessJwt, refreshJwt } = await connected()
    const body = putPost(owner.did, nextTid(), 'x')
    for (const token of ['garbage', accessJwt]) expect(refusal(await refresh(token))).toEqual(unverified)
    for (const token of ['garbage', refreshJwt]) expect(refusal(await put(body, token))).toEqual(unverified)
    expect(refusal(await session('garbage'))).toEqual(unverified)
    const missing = [401, 'AuthMissing', 'Authentication Required']
    expect(refusal(await xrpc(pds.url, refreshSession))).toEqual(missing)
    expect(refusal(await xrpc(pds.url, putRecord, { body }))).toEqual(missing)
  })

  it('refuses a body at refreshSession, even an empty object', async () => {
    const { refreshJwt } = await connected()
    const answer = await xrpc(pds.url, refreshSession, { auth: refreshJwt, body: {} })
    expect(refusal(answer)).toEqual([
      400,
      'InvalidRequest',
      'A request body was provided when none was expected',
    ])
    expect((await refresh(refreshJwt)).status).toBe(200)
  })

  it('app password tokens cannot manage app passwords', async () => {
    const answer = await xrpc(pds.url, 'com.atproto.server.createAppPassword', {
      auth,
      body: { name: 'more' },
    })
    expect(refusal(answer)).toEqual([400, 'InvalidToken', 'Bad token scope'])
  })
})

describe('refreshSession within the grace period', () => {
  const idOf = (answer: XrpcAnswer) => jwtPayload(answer.json.refreshJwt).jti

  it('gives the same successor again: same id, other bytes once the clock has moved, all of them valid', async () => {
    const { refreshJwt } = await connected()
    const first = await refresh(refreshJwt)
    await new Promise((resolve) => setTimeout(resolve, 1_050))
    const second = await refresh(refreshJwt)
    expect([first.status, second.status]).toEqual([200, 200])
    expect(idOf(second)).toBe(idOf(first))
    expect(second.json.refreshJwt).not.toBe(first.json.refreshJwt)
    expect(second.json.accessJwt).not.toBe(first.json.accessJwt)
    for (const { json } of [first, second]) expect((await session(json.accessJwt)).status).toBe(200)
    const [next, nextToo] = [await refresh(first.json.refreshJwt), await refresh(second.json.refreshJwt)]
    expect(idOf(nextToo)).toBe(idOf(next))
    // Two generations on, the first one still answers, with its own successor.
    expect(idOf(await refresh(refreshJwt))).toBe(idOf(first))
  })

  it('answers eight at once with one successor', async () => {
    const { refreshJwt } = await connected()
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(refreshJwt)))
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200))
    expect(new Set(answers.map(idOf)).size).toBe(1)
  })

  it('deleting one generation leaves the others alive: the predecessor can even bring its successor back', async () => {
    const one = await connected()
    const successor = await refresh(one.refreshJwt)
    await logout(successor.json.refreshJwt)
    expect(refusal(await refresh(successor.json.refreshJwt))).toEqual(revoked)
    expect(idOf(await refresh(one.refreshJwt))).toBe(idOf(successor))
    expect((await refresh(successor.json.refreshJwt)).status).toBe(200)

    const two = await connected()
    const heir = await refresh(two.refreshJwt)
    await logout(two.refreshJwt)
    expect((await refresh(heir.json.refreshJwt)).status).toBe(200)
  })

  it('ends all generations when the app password is revoked', async () => {
    const { owner, appPassword, refreshJwt } = await connected()
    const successor = await refresh(refreshJwt)
    await pds.revokeAppPassword(owner, appPassword.name)
    for (const token of [refreshJwt, successor.json.refreshJwt])
      expect(refusal(await refresh(token))).toEqual(revoked)
  })
})

describe('an account that is', () => {
  const readable = async (did: string) => {
    const listed = await xrpc(pds.url, 'com.atproto.repo.listRecords', {
      query: { repo: did, collection: postCollection },
    })
    const got = await xrpc(pds.url, getRecord, {
      query: { repo: did, collection: postCollection, rkey: nextTid() },
    })
    return [refusal(listed), refusal(got)]
  }
  const unreadable = (did: string) => [
    [400, 'InvalidRequest', `Could not find repo: ${did}`],
    [400, 'InvalidRequest', 'Could not locate record'],
  ]
  const statusOf = async (did: string) =>
    (await xrpc(pds.url, 'com.atproto.sync.getRepoStatus', { query: { did } })).json
  const resolved = (handle: string) => xrpc(pds.url, resolveHandle, { query: { handle } })

  it('taken down: writes and refreshes are AccountTakedown, but getSession says the user is unknown', async () => {
    const { owner, appPassword, accessJwt, refreshJwt } = await connected()
    await pds.takedown(owner)
    expect(refusal(await session(accessJwt))).toEqual(noSuchUser(owner.did))
    expect(refusal(await refresh(refreshJwt))).toEqual(takenDown)
    expect(refusal(await put(putPost(owner.did, nextTid(), 'x'), accessJwt))).toEqual(takenDown)
    const { blob: _, ...upload } = await uploadBlob(pds.url, accessJwt, pngOf(), 'image/png')
    expect(refusal(upload)).toEqual(takenDown)
    const gone = { repo: owner.did, collection: postCollection, rkey: nextTid() }
    expect(refusal(await xrpc(pds.url, deleteRecord, { auth: accessJwt, body: gone }))).toEqual(takenDown)
    expect(await readable(owner.did)).toEqual(unreadable(owner.did))
    expect(await statusOf(owner.did)).toEqual({ did: owner.did, active: false, status: 'takendown' })
    expect(refusal(await resolved(owner.handle))).toEqual([400, 'HandleNotFound', 'Unable to resolve handle'])

    await pds.reverseTakedown(owner)
    expect((await session(accessJwt)).status).toBe(200)
    expect(refusal(await refresh(refreshJwt))).toEqual(revoked)
    expect((await login(owner.handle, appPassword.password)).status).toBe(200)
  })

  it('deactivated: sessions live on and say so, uploads pass, only writes are refused', async () => {
    const { owner, accessJwt, refreshJwt } = await connected()
    await pds.deactivate(owner)
    const inactive = { status: 200, json: { did: owner.did, active: false, status: 'deactivated' } }
    expect(await session(accessJwt)).toMatchObject(inactive)
    const refreshed = await refresh(refreshJwt)
    expect(refreshed).toMatchObject(inactive)
    expect(refusal(await put(putPost(owner.did, nextTid(), 'x'), accessJwt))).toEqual(deactivated)
    expect((await uploadBlob(pds.url, accessJwt, pngOf(), 'image/png')).status).toBe(200)
    expect(await readable(owner.did)).toEqual(unreadable(owner.did))
    expect(await statusOf(owner.did)).toEqual({ did: owner.did, active: false, status: 'deactivated' })
    expect(refusal(await resolved(owner.handle))).toEqual([400, 'HandleNotFound', 'Unable to resolve handle'])

    await pds.activate(owner)
    expect(await session(accessJwt)).toMatchObject({ status: 200, json: { active: true } })
    expect((await refresh(refreshed.json.refreshJwt)).status).toBe(200)
  })

  it('deleted: sessions name an unknown user, writes AccountNotFound; the DID document may outlive it', async () => {
    const { owner, appPassword, accessJwt, refreshJwt } = await connected()
    await pds.deleteAccount(owner)
    expect(refusal(await session(accessJwt))).toEqual(noSuchUser(owner.did))
    expect(refusal(await refresh(refreshJwt))).toEqual(noSuchUser(owner.did))
    const notFound = [403, 'AccountNotFound', 'Account not found']
    expect(refusal(await put(putPost(owner.did, nextTid(), 'x'), accessJwt))).toEqual(notFound)
    const { blob: _, ...upload } = await uploadBlob(pds.url, accessJwt, pngOf(), 'image/png')
    expect(refusal(upload)).toEqual(notFound)
    expect(refusal(await login(owner.handle, appPassword.password))).toEqual(wrongPassword)
    expect((await fetch(`${pds.plcUrl}/${owner.did}`)).status).toBe(200)
  })
})

describe('blobs', () => {
  const images = (blob: object, count = 1) => ({
    embed: {
      $type: 'app.bsky.embed.images',
      images: Array.from({ length: count }, () => ({ image: blob, alt: '' })),
    },
  })
  const upload = (bytes: Uint8Array<ArrayBuffer>, contentType?: string) =>
    uploadBlob(pds.url, auth, bytes, contentType)

  it('an image of 2,000,001 bytes uploads and is refused by putRecord; 2,000,000 pass', async () => {
    const large = await upload(pngOf(2_000_001), 'image/png')
    expect(large).toMatchObject({ status: 200, blob: { mimeType: 'image/png', size: 2_000_001 } })
    const problem = 'blob too big (maximum 2000000, got 2000001) at $.record.embed.images[0].image'
    expect(refusal(await putText('large', images(large.blob)))).toEqual(invalid(problem))
    const lying = await putText('large', images({ ...large.blob, size: 5 }))
    expect(refusal(lying)).toEqual([
      400,
      'InvalidSize',
      'Referenced Size does not match stored blob. Expected: 2000001, Got: 5',
    ])
    const fitting = await upload(pngOf(2_000_000), 'image/png')
    expect((await putText('fits', images(fitting.blob))).status).toBe(200)
  })

  it('an upload above the limit of the server is 413, at the byte', async () => {
    expect((await upload(new Uint8Array(5_242_880), 'image/png')).status).toBe(200)
    const { blob: _, ...tooLarge } = await upload(new Uint8Array(5_242_881), 'image/png')
    expect(refusal(tooLarge)).toEqual([413, 'PayloadTooLarge', 'request entity too large'])
  })

  it('the type is sniffed where the bytes tell, else believed; a missing type is refused', async () => {
    const typeOf = async (bytes: Uint8Array<ArrayBuffer>, contentType: string) =>
      (await upload(bytes, contentType)).blob.mimeType
    expect(await typeOf(pngOf(), 'image/jpeg')).toBe('image/png')
    expect(await typeOf(pngOf(), 'application/octet-stream')).toBe('image/png')
    expect(await typeOf(new TextEncoder().encode('hello'), 'image/png')).toBe('image/png')
    expect((await upload(new Uint8Array(0), 'image/png')).status).toBe(200)
    const { blob: _, ...untyped } = await upload(pngOf())
    expect(refusal(untyped)).toEqual([
      400,
      'InvalidRequest',
      'Request encoding (Content-Type) required but not provided',
    ])
  })

  it('a blob that is no image is refused by type, one never uploaded by name', async () => {
    const text = await upload(new TextEncoder().encode('hello there'), 'text/plain')
    const problem = 'Expected "image/*" (got "text/plain") at $.record.embed.images[0].image.mimeType'
    expect(refusal(await putText('text', images(text.blob)))).toEqual(invalid(problem))
    const cid = 'bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yaa'
    const unknown = { $type: 'blob', ref: { $link: cid }, mimeType: 'image/png', size: 5 }
    expect(refusal(await putText('unknown', images(unknown)))).toEqual([
      400,
      'BlobNotFound',
      `Could not find blob: ${cid}`,
    ])
  })

  it('the same bytes get the same CID, and four images are the most', async () => {
    const [one, two] = [await upload(pngOf(80), 'image/png'), await upload(pngOf(80), 'image/png')]
    expect(two.blob).toEqual(one.blob)
    expect((await putText('four', images(one.blob, 4))).status).toBe(200)
    const problem = 'array too big (maximum 4, got 5) at $.record.embed.images'
    expect(refusal(await putText('five', images(one.blob, 5)))).toEqual(invalid(problem))
    const withoutAlt = { embed: { $type: 'app.bsky.embed.images', images: [{ image: one.blob }] } }
    const missing = 'Missing required key "alt" at $.record.embed.images[0]'
    expect(refusal(await putText('no alt', withoutAlt))).toEqual(invalid(missing))
  })
})

describe('records', () => {
  const family = '👨‍👩‍👧‍👦'

  it('text: 300 graphemes and 3000 bytes, both', async () => {
    expect(family).toHaveLength(11)
    expect((await putText('a'.repeat(300))).status).toBe(200)
    const graphemes = 'grapheme too big (maximum 300, got 301) at $.record.text'
    expect(refusal(await putText('a'.repeat(301)))).toEqual(invalid(graphemes))
    expect((await putText(family.repeat(120))).status).toBe(200)
    const bytes = 'string too big (maximum 3000, got 3025) at $.record.text'
    expect(refusal(await putText(family.repeat(121)))).toEqual(invalid(bytes))
    expect((await putText('')).status).toBe(200)
  })

  it('facets: a link must be an address, the range is not looked at', async () => {
    const facet = (uri: string, byteStart: number, byteEnd: number) => ({
      facets: [{ index: { byteStart, byteEnd }, features: [{ $type: 'app.bsky.richtext.facet#link', uri }] }],
    })
    expect((await putText('x', facet('https://example.com', 50, 3))).status).toBe(200)
    const problem = 'Invalid uri (got "nope") at $.record.facets[0].features[0].uri'
    expect(refusal(await putText('x', facet('nope', 0, 1)))).toEqual(invalid(problem))
  })

  it('at most three languages; unknown embeds and fields pass unseen', async () => {
    const problem = 'array too big (maximum 3, got 4) at $.record.langs'
    expect(refusal(await putText('x', { langs: ['en', 'de', 'fr', 'it'] }))).toEqual(invalid(problem))
    expect((await putText('x', { embed: { $type: 'app.bsky.embed.nonsense' }, nonsense: 1 })).status).toBe(
      200,
    )
  })

  it('getRecord of a missing record is 400 RecordNotFound, of an unknown repository 400 InvalidRequest', async () => {
    const rkey = nextTid()
    const get = (repo: string) =>
      xrpc(pds.url, getRecord, { query: { repo, collection: postCollection, rkey } })
    const uri = `at://${account.did}/app.bsky.feed.post/${rkey}`
    expect(refusal(await get(account.did))).toEqual([
      400,
      'RecordNotFound',
      `Could not locate record: ${uri}`,
    ])
    const elsewhere = await get('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
    expect(refusal(elsewhere)).toEqual([400, 'InvalidRequest', 'Could not locate record'])
  })

  it('deleteRecord of a missing record is 200 with an empty object', async () => {
    const body = { repo: account.did, collection: postCollection, rkey: nextTid() }
    expect(await xrpc(pds.url, deleteRecord, { auth, body })).toMatchObject({ status: 200, text: '{}' })
  })

  it('a JSON body above 1 MB is 413', async () => {
    const answer = await putText('x', { pad: 'y'.repeat(1_100_000) })
    expect(refusal(answer)).toEqual([413, 'PayloadTooLargeError', 'request entity too large'])
  })
})

describe('identity', () => {
  const resolve = (query: Record<string, string>) => xrpc(pds.url, resolveHandle, { query })

  it('resolveHandle: unknown here, unknown elsewhere, malformed', async () => {
    expect(refusal(await resolve({ handle: 'nobody.test' }))).toEqual([
      400,
      'HandleNotFound',
      'Unable to resolve handle',
    ])
    const elsewhere = await resolve({ handle: 'nobody.example.com' })
    expect(refusal(elsewhere)).toEqual([400, 'InvalidRequest', 'Unable to resolve handle'])
    for (const handle of ['not a handle', 'nobody', `@${account.handle}`, account.did]) {
      expect(refusal(await resolve({ handle }))).toEqual(badHandle(handle))
    }
    expect((await resolve({ handle: account.handle.toUpperCase() })).json).toEqual({ did: account.did })
  })

  it('the PLC directory: 404 with a message for unknown DIDs, the document under either spelling of the path', async () => {
    const did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
    const unknown = await fetch(`${pds.plcUrl}/${did}`)
    expect([unknown.status, await unknown.json()]).toEqual([404, { message: `DID not registered: ${did}` }])
    for (const path of [account.did, encodeURIComponent(account.did)]) {
      const known = await fetch(`${pds.plcUrl}/${path}`)
      expect(known.headers.get('content-type')).toBe('application/did+ld+json; charset=utf-8')
      expect(await known.json()).toMatchObject({ id: account.did, alsoKnownAs: [`at://${account.handle}`] })
    }
  })
})

describe('the server', () => {
  it('describes itself, with the limit of its uploads', async () => {
    const answer = await xrpc(pds.url, 'com.atproto.server.describeServer', { query: {} })
    expect(answer.json).toEqual({
      did: 'did:web:localhost',
      availableUserDomains: ['.test'],
      inviteCodeRequired: false,
      blobUploadLimit: 5_242_880,
      links: {},
      contact: {},
    })
  })

  it('without an AppView knows no profiles, like any method it does not have', async () => {
    const nsid = 'app.bsky.actor.getProfile'
    for (const call of [{ auth }, {}]) {
      const answer = await xrpc(pds.url, nsid, { query: { actor: account.did }, ...call })
      expect(refusal(answer)).toEqual([400, 'InvalidRequest', `No service configured for ${nsid}`])
    }
  })

  it('without rate limits sends no rate-limit headers', async () => {
    const { headers } = await session(auth)
    expect([...headers.keys()].filter((name) => name.startsWith('ratelimit'))).toEqual([])
  })
})

describe('rate limits', () => {
  let limited: TestPds
  let owner: TestAccount
  beforeAll(async () => {
    limited = await startTestPds({ rateLimits: true })
    owner = await limited.createAccount()
  })
  afterAll(() => limited.close())

  const limitsOf = ({ headers }: XrpcAnswer) =>
    ['limit', 'remaining', 'policy'].map((name) => headers.get(`ratelimit-${name}`))
  const inSeconds = (answer: XrpcAnswer) => Number(answer.headers.get('ratelimit-reset')) - Date.now() / 1000

  it('every call carries the bucket with the fewest calls left, reset in epoch seconds; refused tokens carry none', async () => {
    const token = limited.signAccessToken(owner.did)
    const read = await xrpc(limited.url, getSession, { query: {}, auth: token })
    expect(limitsOf(read)).toEqual(['3000', '2999', '3000;w=300'])
    expect(inSeconds(read)).toBeGreaterThan(295)
    expect(inSeconds(read)).toBeLessThanOrEqual(301)
    const written = await xrpc(limited.url, putRecord, {
      auth: token,
      body: putPost(owner.did, nextTid(), 'x'),
    })
    expect(limitsOf(written)).toEqual(['3000', '2998', '3000;w=300'])
    expect(limitsOf(await uploadBlob(limited.url, token, pngOf(), 'image/png'))).toEqual([
      '1000',
      '999',
      '1000;w=86400',
    ])
    const refused = await xrpc(limited.url, getSession, { query: {}, auth: 'garbage' })
    expect(limitsOf(refused)).toEqual([null, null, null])
  })

  it('the 31st login within five minutes is 429 RateLimitExceeded with Retry-After, right password or not', async () => {
    const { password } = await limited.createAppPassword(owner)
    const attempt = (identifier: string) =>
      xrpc(limited.url, createSession, { body: { identifier, password } })
    const answers = await Promise.all(Array.from({ length: 31 }, () => attempt(owner.handle)))
    const refused = answers.filter(({ status }) => status !== 200)
    expect(refused).toHaveLength(1)
    const answer = refused[0]!
    expect(refusal(answer)).toEqual([429, 'RateLimitExceeded', 'Rate Limit Exceeded'])
    expect(limitsOf(answer)).toEqual(['30', '0', '30;w=300'])
    const retryAfter = Number(answer.headers.get('retry-after'))
    expect(retryAfter).toBeGreaterThan(290)
    expect(retryAfter).toBeLessThanOrEqual(300)
    expect(Math.abs(inSeconds(answer) - retryAfter)).toBeLessThan(5)
    // The bucket belongs to the spelling of the identifier, not to the account.
    expect((await attempt(owner.did)).status).toBe(200)
  })
})
