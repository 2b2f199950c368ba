import { type GrantAccess, TransportError } from '@postmcp/core'
import { describe, expect, it } from 'vitest'
import { type Canned, cannedContext, did, didDocument, pds, session } from './fixtures/context.js'
import { refresh } from './refresh.js'

const newPds = 'https://new.example.org'
const secrets = { appPassword: 'abcd-efgh-ijkl-mnop' }
const access: GrantAccess = {
  authMethod: 'credentials',
  grantedScopes: [],
  subject: did,
  settings: { pds },
  tokens: { accessToken: 'old access', refreshToken: 'old refresh' },
}
const error = (status: number, code: string): Canned => ({ status, body: { error: code, message: code } })
const refreshAt = 'pds.example.org/xrpc/com.atproto.server.refreshSession'
const loginAt = 'pds.example.org/xrpc/com.atproto.server.createSession'
const loginAtNew = 'new.example.org/xrpc/com.atproto.server.createSession'
const stateAt = 'pds.example.org/xrpc/com.atproto.sync.getRepoStatus'
const directory = (service: string) => ({ [`plc.example.org/${did}`]: { body: didDocument(service) } })

describe('a refresh', () => {
  it('sends the refresh token without a body and nothing else', async () => {
    const { ctx, requests } = cannedContext({ [refreshAt]: { body: session() } })
    const tokens = await refresh(ctx, access, secrets)
    expect(tokens).toMatchObject({ accessToken: session().accessJwt, refreshToken: session().refreshJwt })
    expect(tokens).not.toHaveProperty('settings')
    expect(requests).toEqual([
      {
        method: 'POST',
        url: new URL(`${pds}/xrpc/com.atproto.server.refreshSession`),
        headers: { authorization: 'Bearer old refresh' },
      },
    ])
  })

  it.each(['ExpiredToken', 'InvalidToken'])(
    'refused with %s logs in once with the app password',
    async (code) => {
      const { ctx, asked } = cannedContext({ [refreshAt]: error(400, code), [loginAt]: { body: session() } })
      expect(await refresh(ctx, access, secrets)).toMatchObject({ accessToken: session().accessJwt })
      expect(asked()).toEqual(['com.atproto.server.refreshSession', 'com.atproto.server.createSession'])
    },
  )

  it('whose login is refused too passes that refusal on after a single try', async () => {
    const { ctx, asked } = cannedContext({
      [refreshAt]: error(400, 'ExpiredToken'),
      [loginAt]: error(401, 'AuthenticationRequired'),
      [stateAt]: { body: { did, active: true } },
    })
    await expect(refresh(ctx, access, secrets)).rejects.toMatchObject({
      platformCode: 'AuthenticationRequired',
    })
    expect(asked().filter((method) => method.endsWith('createSession'))).toHaveLength(1)
  })

  it('tells a takedown from a revoked password, which the login does not', async () => {
    const { ctx } = cannedContext({
      [refreshAt]: error(400, 'ExpiredToken'),
      [loginAt]: error(401, 'AuthenticationRequired'),
      [stateAt]: { body: { did, active: false, status: 'takendown' } },
    })
    await expect(refresh(ctx, access, secrets)).rejects.toMatchObject({ platformCode: 'AccountTakedown' })
  })

  it('without a stored app password passes the first refusal on', async () => {
    const { ctx, requests } = cannedContext({ [refreshAt]: error(400, 'ExpiredToken') })
    await expect(refresh(ctx, access, {})).rejects.toMatchObject({ platformCode: 'ExpiredToken' })
    expect(requests).toHaveLength(1)
  })

  it.each<[string, Record<string, Canned>]>([
    ['no longer has the account', { [refreshAt]: error(400, 'InvalidRequest') }],
    ['is gone', { [refreshAt]: new TransportError('gone', 'no', 'unreachable') }],
    [
      'has only a deactivated shell',
      { [refreshAt]: { body: session({ active: false, status: 'deactivated' }) } },
    ],
    [
      'refuses the login and has no such account',
      {
        [refreshAt]: error(400, 'ExpiredToken'),
        [loginAt]: error(401, 'AuthenticationRequired'),
        [stateAt]: error(400, 'RepoNotFound'),
      },
    ],
  ])('at a server that %s goes where the account has moved', async (_, answers) => {
    const { ctx } = cannedContext({ ...answers, ...directory(newPds), [loginAtNew]: { body: session() } })
    expect(await refresh(ctx, access, secrets)).toMatchObject({
      accessToken: session().accessJwt,
      settings: { pds: newPds },
    })
  })

  it('at a new server that does not know the app password is refused like a revoked one', async () => {
    const { ctx } = cannedContext({
      [refreshAt]: error(400, 'InvalidRequest'),
      ...directory(newPds),
      [loginAtNew]: error(401, 'AuthenticationRequired'),
      'new.example.org/xrpc/com.atproto.sync.getRepoStatus': { body: { did, active: true } },
    })
    await expect(refresh(ctx, access, secrets)).rejects.toMatchObject({
      platformCode: 'AuthenticationRequired',
    })
  })

  it.each<[string, Record<string, Canned>]>([
    ['has not moved', directory(pds)],
    ['cannot be looked up', { [`plc.example.org/${did}`]: new TransportError('down', 'no', 'unreachable') }],
  ])('of an account that %s keeps the trouble it met', async (_, answers) => {
    const gone = new TransportError('gone', 'no', 'unreachable')
    await expect(refresh(cannedContext({ [refreshAt]: gone, ...answers }).ctx, access, secrets)).rejects.toBe(
      gone,
    )
  })

  it('does not look elsewhere when an answer was lost', async () => {
    const lost = new TransportError('lost', 'maybe', 'interrupted')
    const { ctx, requests } = cannedContext({ [refreshAt]: lost })
    await expect(refresh(ctx, access, secrets)).rejects.toBe(lost)
    expect(requests).toHaveLength(1)
  })

  it('takes no session of another account', async () => {
    const { ctx } = cannedContext({
      [refreshAt]: { body: session({ did: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb' }) },
    })
    await expect(refresh(ctx, access, secrets)).rejects.toMatchObject({ name: 'MalformedResponseError' })
  })
})
