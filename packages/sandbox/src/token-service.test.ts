import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createRandom } from './random.js'
import { createSandboxClock } from './sandbox-clock.js'
import { servingOnly } from './serving-only.js'
import { TokenError } from './token-error.js'
import type { TokenPolicy } from './token-policy.js'
import { TokenService } from './token-service.js'

const verifier = 'a-verifier-that-is-long-enough-for-the-standard'
const codeChallenge = createHash('sha256').update(verifier).digest('base64url')
const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'

function start(policy: Partial<TokenPolicy> = {}) {
  const clock = createSandboxClock(() => new Date('2026-11-01T00:00:00Z'))
  const service = new TokenService(
    {
      codeLifeSeconds: 60,
      accessLifeSeconds: 3600,
      refreshLifeSeconds: 86_400,
      rotation: 'rotating',
      replay: 'single_use',
      codeReplayRevokes: true,
      ...policy,
    },
    createRandom('test'),
    () => clock.now(),
  )
  const client = service.registerClient({
    name: 'PostMCP',
    redirectUris: [redirectUri],
    secrets: ['new', 'old'],
  })
  const proof = { clientId: client.id, clientSecret: 'new' }
  const asked = { clientId: client.id, redirectUri, personId: 'ada', scopes: ['read', 'write'] }
  const consent = (more = {}) => service.createCode({ ...asked, resourceIds: ['page1'], ...more })
  const connect = () => service.exchangeCode({ ...proof, code: consent(), redirectUri })
  const refresh = (refreshToken: string | null) =>
    service.refresh({ ...proof, refreshToken: refreshToken ?? '' })
  return { clock, service, client, proof, consent, connect, refresh }
}

function errorOf(call: () => unknown) {
  try {
    call()
  } catch (error) {
    if (error instanceof TokenError) return { code: error.code, reason: error.reason }
    throw error
  }
  throw new Error('It succeeded.')
}

describe('an authorization code', () => {
  it('is changed for tokens that carry person, scopes and choice', () => {
    const { connect, service } = start()
    const issued = connect()
    expect(issued).toMatchObject({
      personId: 'ada',
      scopes: ['read', 'write'],
      resourceIds: ['page1'],
      expiresInSeconds: 3600,
    })
    expect(service.inspect(issued.accessToken)).toMatchObject({ state: 'valid', personId: 'ada' })
  })

  it('is refused the second time, and the replay ends the grant', () => {
    const { consent, service, proof } = start()
    const code = consent()
    const { accessToken } = service.exchangeCode({ ...proof, code, redirectUri })
    const replay = () => service.exchangeCode({ ...proof, code, redirectUri })
    expect(errorOf(replay)).toEqual({ code: 'invalid_grant', reason: 'code_used' })
    expect(service.inspect(accessToken).state).toBe('revoked')
  })

  it('replayed leaves the grant alone where the policy says so', () => {
    const { consent, service, proof } = start({ codeReplayRevokes: false })
    const code = consent()
    const { accessToken } = service.exchangeCode({ ...proof, code, redirectUri })
    errorOf(() => service.exchangeCode({ ...proof, code, redirectUri }))
    expect(service.inspect(accessToken).state).toBe('valid')
  })

  it.each([
    ['client_unknown', { clientId: 'nobody' }],
    ['secret_wrong', { clientSecret: 'wrong' }],
    ['secret_missing', { clientSecret: undefined }],
    ['code_unknown', { code: 'none' }],
    ['redirect_uri_mismatch', { redirectUri: `${redirectUri}/` }],
    ['verifier_missing', { codeVerifier: undefined }],
    ['verifier_wrong', { codeVerifier: 'wrong' }],
  ])('is refused for %s, and good afterwards', (reason, wrong) => {
    const { consent, service, proof } = start()
    const right = {
      ...proof,
      code: consent({ codeChallenge, codeChallengeMethod: 'S256' }),
      redirectUri,
      codeVerifier: verifier,
    }
    expect(errorOf(() => service.exchangeCode({ ...right, ...wrong })).reason).toBe(reason)
    expect(service.exchangeCode(right).personId).toBe('ada')
  })

  it('is of no use to another client', () => {
    const { consent, service } = start()
    const other = service.registerClient({ name: 'Other', redirectUris: [redirectUri], secrets: [] })
    const call = () => service.exchangeCode({ clientId: other.id, code: consent(), redirectUri })
    expect(errorOf(call).reason).toBe('code_of_other_client')
  })

  it('is used up by a wrong secret where the policy says so', () => {
    const { consent, service, proof } = start({ failedExchangeBurnsCode: true })
    const code = consent()
    errorOf(() => service.exchangeCode({ ...proof, clientSecret: 'wrong', code, redirectUri }))
    expect(errorOf(() => service.exchangeCode({ ...proof, code, redirectUri })).reason).toBe('code_used')
  })

  it('ends after its life', () => {
    const { consent, service, proof, clock } = start()
    const code = consent()
    clock.advance(60)
    expect(errorOf(() => service.exchangeCode({ ...proof, code, redirectUri })).reason).toBe('code_expired')
  })

  it('needs an S256 challenge where PKCE is required', () => {
    const { consent } = start({ pkce: 'required' })
    expect(errorOf(() => consent()).reason).toBe('challenge_missing')
    expect(errorOf(() => consent({ codeChallenge, codeChallengeMethod: 'plain' })).reason).toBe(
      'challenge_method_unknown',
    )
  })

  it('takes each of two secrets', () => {
    const { consent, service, proof } = start()
    const issued = service.exchangeCode({ ...proof, clientSecret: 'old', code: consent(), redirectUri })
    expect(issued.personId).toBe('ada')
  })
})

describe('a refresh', () => {
  it('rotates', () => {
    const { connect, refresh, service } = start()
    const first = connect()
    const second = refresh(first.refreshToken)
    expect(second.refreshToken).not.toBe(first.refreshToken)
    expect(second.refreshTokenIsNew).toBe(true)
    expect(service.inspect(second.accessToken).state).toBe('valid')
  })

  it('keeps the refresh token where it is reusable', () => {
    const { connect, refresh } = start({ rotation: 'reusable' })
    const first = connect()
    const second = refresh(first.refreshToken)
    expect(second).toMatchObject({ refreshToken: first.refreshToken, refreshTokenIsNew: false })
    expect(second.accessToken).not.toBe(first.accessToken)
  })

  it('with a used token ends the whole grant', () => {
    const { connect, refresh, service } = start()
    const first = connect()
    const second = refresh(first.refreshToken)
    expect(errorOf(() => refresh(first.refreshToken)).reason).toBe('refresh_used')
    expect(service.inspect(second.accessToken).state).toBe('revoked')
    expect(errorOf(() => refresh(second.refreshToken)).reason).toBe('grant_revoked')
  })

  it('with a used token gives the same answer within the grace, and an error after it', () => {
    const { connect, refresh, clock } = start({ replay: { graceSeconds: 30 } })
    const first = connect()
    const second = refresh(first.refreshToken)
    clock.advance(30)
    expect(refresh(first.refreshToken)).toEqual(second)
    clock.advance(1)
    expect(errorOf(() => refresh(first.refreshToken)).reason).toBe('refresh_used')
  })

  it('is refused after the end of the refresh token, to another client, and for more scopes', () => {
    const { connect, refresh, clock, service, proof } = start()
    const { refreshToken } = connect()
    const other = service.registerClient({ name: 'Other', redirectUris: [] })
    const foreign = { clientId: other.id, clientSecret: other.secrets[0], refreshToken: refreshToken ?? '' }
    expect(errorOf(() => service.refresh(foreign)).reason).toBe('refresh_unknown')
    const more = { ...proof, refreshToken: refreshToken ?? '', scopes: ['admin'] }
    expect(errorOf(() => service.refresh(more)).code).toBe('invalid_scope')
    clock.advance(86_400)
    expect(errorOf(() => refresh(refreshToken)).reason).toBe('refresh_expired')
  })

  it('ends older access tokens where the policy says so', () => {
    const { connect, refresh, service } = start({ refreshEndsAccessTokens: true })
    const first = connect()
    refresh(first.refreshToken)
    expect(service.inspect(first.accessToken).state).toBe('revoked')
  })
})

describe('an access token', () => {
  it('is unknown, valid, expired or revoked', () => {
    const { connect, service, clock } = start()
    expect(service.inspect('none')).toEqual({ state: 'unknown' })
    const [one, two] = [connect(), connect()]
    service.revokeToken(two.accessToken)
    expect(service.inspect(two.accessToken).state).toBe('revoked')
    expect(service.inspect(one.accessToken).state).toBe('valid')
    clock.advance(3600)
    expect(service.inspect(one.accessToken).state).toBe('expired')
  })

  it('can be ended before its time, alone', () => {
    const { connect, service } = start()
    const [one, two] = [connect(), connect()]
    expect(service.expireAccessToken(one.accessToken)).toBe(true)
    expect(service.inspect(one.accessToken).state).toBe('expired')
    expect(service.inspect(two.accessToken).state).toBe('valid')
  })

  it('ends with everything the person granted', () => {
    const { connect, refresh, service } = start()
    const { accessToken, refreshToken } = connect()
    service.revokePerson('ada')
    expect(service.inspect(accessToken).state).toBe('revoked')
    expect(errorOf(() => refresh(refreshToken)).reason).toBe('grant_revoked')
  })

  it('loses scopes and resources that the person takes back', () => {
    const { connect, service } = start()
    const { accessToken } = connect()
    service.dropScopes('ada', ['write'])
    service.dropResource('ada', 'page1')
    expect(service.inspect(accessToken)).toMatchObject({ state: 'valid', scopes: ['read'], resourceIds: [] })
  })

  it('is the same again for the same person, client and scopes where the policy says so', () => {
    const { connect } = start({ reusesAccessToken: true, rotation: 'none' })
    expect(connect().accessToken).toBe(connect().accessToken)
  })

  it('can be made for a grant, with facts of its own', () => {
    const { connect, service } = start()
    const { grantId } = connect()
    const { token } = service.issueAccessToken(grantId, { lifeSeconds: null, facts: { pageId: 'page1' } })
    expect(service.inspect(token)).toMatchObject({ state: 'valid', token: { facts: { pageId: 'page1' } } })
    service.revokeGrant(grantId)
    expect(errorOf(() => service.issueAccessToken(grantId)).reason).toBe('grant_revoked')
  })
})

describe('a second consent', () => {
  it('ends the older grant where it replaces', () => {
    const { connect, service } = start({ consents: 'replace' })
    const [one, two] = [connect(), connect()]
    expect(service.inspect(one.accessToken).state).toBe('revoked')
    expect(service.inspect(two.accessToken).state).toBe('valid')
  })

  it('adds to the one grant where it merges', () => {
    const { connect, consent, service, proof } = start({ consents: 'merge' })
    const one = connect()
    const code = consent({ scopes: ['more'], resourceIds: ['page2'] })
    const two = service.exchangeCode({ ...proof, code, redirectUri })
    expect(two.grantId).toBe(one.grantId)
    expect(service.grants()).toMatchObject([{ scopes: ['read', 'write', 'more'], resourceIds: ['page2'] }])
  })
})

it('makes the same values for the same seed', () => {
  expect(start().connect()).toEqual(start().connect())
})

it('allows registered redirect addresses, to the character, on any port where one is left open', () => {
  const { service } = start()
  const client = service.registerClient({
    name: 'Open port',
    redirectUris: ['http://127.0.0.1:*/callback', 'https://example.com/callback'],
  })
  const isAllowed = (uri: string) => service.allowsRedirect(client, uri)
  expect(isAllowed('http://127.0.0.1:9999/callback')).toBe(true)
  expect(isAllowed('https://example.com/callback')).toBe(true)
  expect(isAllowed('https://example.com/callback?x=1')).toBe(false)
  expect(isAllowed('http://127.0.0.1.example.com:80/callback')).toBe(false)
})

describe('applications of several ways to one platform', () => {
  const other = { name: 'Other way', redirectUris: [redirectUri], id: 'other', secrets: ['other-secret'] }
  const ofOther = { clientId: 'other', redirectUri, personId: 'ada', scopes: ['read'] }

  it('may each have their own life of tokens, and do with consents what they like', () => {
    const { service, connect } = start({
      ofClient: { other: { accessLifeSeconds: 60, consents: 'merge' } },
    })
    service.registerClient(other)
    expect(connect().expiresInSeconds).toBe(3600)
    const exchange = () =>
      service.exchangeCode({
        clientId: 'other',
        clientSecret: 'other-secret',
        code: service.createCode(ofOther),
        redirectUri,
      })
    const one = exchange()
    expect(one.expiresInSeconds).toBe(60)
    expect(exchange().grantId).toBe(one.grantId)
    expect(connect().grantId).not.toBe(connect().grantId)
  })

  it('are unknown where only another one is served, and so are their tokens', () => {
    const { service, client, proof, connect } = start()
    service.registerClient(other)
    const view = servingOnly(service, 'other')
    const { accessToken } = connect()
    expect(view.client(client.id)).toBeUndefined()
    expect(view.inspect(accessToken).state).toBe('unknown')
    expect(errorOf(() => view.authenticateClient(proof))).toMatchObject({ reason: 'client_unknown' })
    const issued = view.issue({ clientId: 'other', personId: 'ada', scopes: ['read'] })
    expect(view.inspect(issued.accessToken).state).toBe('valid')
    service.revokePerson('ada')
    expect(view.inspect(issued.accessToken).state).toBe('revoked')
  })
})
