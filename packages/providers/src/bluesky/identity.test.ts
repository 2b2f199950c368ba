import { PostMcpError, TransportError } from '@postmcp/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cannedContext, did, didDocument, pds } from './fixtures/context.js'
import { parseIdentifier, parseService, resolveDid, resolveHandle, resolveIdentity } from './identity.js'

const refusalOf = (call: () => unknown): unknown => {
  try {
    call()
  } catch (error) {
    return error
  }
  return null
}

describe('what a user types as identifier', () => {
  it.each([
    ['', 'The identifier is not a handle such as name.bsky.social or example.org.'],
    [
      'anna',
      'The identifier is not a handle such as name.bsky.social or example.org. It has to be whole, with its domain.',
    ],
    ['anna_b.bsky.social', 'The identifier is not a handle such as name.bsky.social or example.org.'],
    ['-anna.bsky.social', 'The identifier is not a handle such as name.bsky.social or example.org.'],
    ['printer.local', 'The identifier is not a handle such as name.bsky.social or example.org.'],
    [`${'a'.repeat(64)}.org`, 'The identifier is not a handle such as name.bsky.social or example.org.'],
    ['did:plc:short', 'The identifier is not a did:plc or did:web identifier.'],
    ['did:key:z6mk', 'The identifier is not a did:plc or did:web identifier.'],
    ['did:web:example.org:user', 'The identifier is not a did:plc or did:web identifier.'],
    ['anna@home', 'The identifier is not an e-mail address.'],
  ])('%j is refused: %s', (typed, message) => {
    const error = refusalOf(() => parseIdentifier(typed))
    expect(error).toBeInstanceOf(PostMcpError)
    expect(error).toMatchObject({
      code: 'invalid_request',
      message,
      issues: [{ field: 'identifier', severity: 'error' }],
    })
  })

  it.each([
    ['anna.bsky.social', { kind: 'handle', text: 'anna.bsky.social' }],
    [' @Anna.Bsky.Social ', { kind: 'handle', text: 'anna.bsky.social' }],
    ['\u202a@anna.example.org\u202c', { kind: 'handle', text: 'anna.example.org' }],
    ['anna.test', { kind: 'handle', text: 'anna.test' }],
    [did.toUpperCase(), { kind: 'did', text: did }],
    ['did:web:example.org', { kind: 'did', text: 'did:web:example.org' }],
    ['Anna@Mail.example', { kind: 'email', text: 'anna@mail.example' }],
  ])('%j is read as %j', (typed, identifier) => {
    expect(parseIdentifier(typed)).toEqual(identifier)
  })

  it('is not repeated in a refusal: it may be a password in the wrong field', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9@:-]{12,40}$/), (typed) => {
        const error = refusalOf(() => parseIdentifier(typed))
        if (error instanceof PostMcpError) expect(JSON.stringify(error)).not.toContain(typed)
      }),
    )
  })
})

describe('what a user types as server', () => {
  it.each([
    ['pds.example.org', 'https://pds.example.org'],
    ['https://PDS.example.org/', 'https://pds.example.org'],
    ['http://127.0.0.1:2583', 'http://127.0.0.1:2583'],
  ])('%j is %s', (typed, origin) => expect(parseService(typed)).toBe(origin))

  it.each([
    'https://pds.example.org/xrpc',
    'https://me:secret@pds.example.org',
    'ftp://pds.example.org',
    'not a host',
    'xxxx-xxxx-xxxx-xxxx', // an app password in the wrong field
  ])('%j is refused', (typed) => {
    expect(refusalOf(() => parseService(typed))).toMatchObject({
      code: 'invalid_request',
      issues: [{ field: 'service' }],
    })
  })
})

describe('finding an account', () => {
  const handle = 'anna.example.org'
  const resolveHandleAnswer = { body: { did } }

  it('goes from the handle over the DID to the server, and checks the way back', async () => {
    const { ctx, requests } = cannedContext({
      'com.atproto.identity.resolveHandle': resolveHandleAnswer,
      [`plc.example.org/${did}`]: { body: didDocument() },
    })
    expect(await resolveIdentity(ctx, { kind: 'handle', text: handle })).toEqual({ did, pds })
    expect(requests.map(({ url }) => String(url))).toEqual([
      `https://resolver.example.org/xrpc/com.atproto.identity.resolveHandle?handle=${handle}`,
      `https://plc.example.org/${did}`,
    ])
  })

  it('asks the host of a did:web itself', async () => {
    const document = { ...didDocument(), id: 'did:web:anna.example.org' }
    const { ctx } = cannedContext({ 'anna.example.org/.well-known/did.json': { body: document } })
    expect(await resolveDid(ctx, 'did:web:anna.example.org')).toEqual({
      did: 'did:web:anna.example.org',
      pds,
    })
  })

  it.each([
    ['HandleNotFound', 400],
    ['InvalidRequest', 400],
  ])('an unknown handle (%s) is identity_not_found', async (error, status) => {
    const { ctx } = cannedContext({
      'com.atproto.identity.resolveHandle': { status, body: { error, message: 'Unable' } },
    })
    await expect(resolveIdentity(ctx, { kind: 'handle', text: handle })).rejects.toMatchObject({
      code: 'identity_not_found',
      message: `No account is known under the handle ${handle}.`,
    })
    expect(await resolveHandle(ctx, handle)).toBeNull()
  })

  it('a handle that the account does not claim is refused before any password is sent', async () => {
    const { ctx } = cannedContext({
      'com.atproto.identity.resolveHandle': resolveHandleAnswer,
      [did]: { body: didDocument(pds, 'other.example.org') },
    })
    await expect(resolveIdentity(ctx, { kind: 'handle', text: handle })).rejects.toMatchObject({
      code: 'identity_not_found',
      message: `The handle ${handle} points to ${did}, but that account does not call itself ${handle}.`,
    })
  })

  it.each([404, 410])('a DID the directory answers with %s is identity_not_found', async (status) => {
    const { ctx } = cannedContext({ [did]: { status, body: { message: `DID not registered: ${did}` } } })
    await expect(resolveDid(ctx, did)).rejects.toMatchObject({ code: 'identity_not_found' })
  })

  it.each([
    ['no server', { ...didDocument(), service: [] }],
    ['a server that is more than an origin', didDocument('https://pds.example.org/path')],
    [
      'a server of another kind',
      { ...didDocument(), service: [{ id: '#atproto_pds', type: 'Other', serviceEndpoint: pds }] },
    ],
  ])('a document that names %s is identity_not_found', async (_, body) => {
    const { ctx } = cannedContext({ [did]: { body } })
    await expect(resolveDid(ctx, did)).rejects.toMatchObject({ code: 'identity_not_found' })
  })

  it.each([
    ['a web page', { body: '<html>' }],
    ['a redirect', { status: 302, body: '' }],
    ['the document of somebody else', { body: { ...didDocument(), id: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb' } }],
  ])('a directory that answers with %s gives no document', async (_, answer) => {
    const { ctx } = cannedContext({ [did]: answer })
    await expect(resolveDid(ctx, did)).rejects.toMatchObject({ name: 'MalformedResponseError' })
  })

  it('a directory that is down or busy is trouble, not an unknown account', async () => {
    const busy = cannedContext({ [did]: { status: 503, headers: { 'retry-after': '30' }, body: '' } })
    await expect(resolveDid(busy.ctx, did)).rejects.toMatchObject({
      name: 'PlatformError',
      status: 503,
      retryAfter: new Date('2026-11-22T12:00:30.000Z'),
    })
    const down = new TransportError('down', 'no', 'unreachable')
    await expect(resolveDid(cannedContext({ [did]: down }).ctx, did)).rejects.toBe(down)
  })
})
