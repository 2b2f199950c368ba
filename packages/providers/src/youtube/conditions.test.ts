import { PlatformError } from '@postmcp/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startYouTube } from './fixtures/sandbox.js'
import { youtube } from './index.js'
import { scope } from './scopes.js'

let world: Awaited<ReturnType<typeof startYouTube>>
beforeAll(async () => {
  world = await startYouTube()
})
afterAll(() => world.close())

const targetOf = (targetId: string) => ({ targetId, handle: '', settings: {}, secrets: {} })

/** What core makes of a check while the account is in this condition. */
async function verifyWhen(condition: string) {
  const { ctx, ada, personal, connect, handle } = world
  const access = await connect(ada.id, personal.id)
  handle.world.setCondition(ada.id, condition)
  try {
    return await youtube.verify(ctx, access, targetOf(personal.id))
  } catch (error) {
    if (error instanceof PlatformError) return youtube.classifyError(error, 'verify')
    throw error
  } finally {
    handle.world.setCondition(ada.id, 'active')
  }
}

describe('the status of a channel', () => {
  it.each([
    ['active', { status: 'active' }],
    ['no_channel', { status: 'verification_failed', reason: 'account_not_found' }],
    ['signup_required', { status: 'verification_failed', reason: 'account_not_found' }],
    ['suspended', { status: 'verification_failed', reason: 'account_suspended' }],
    ['channel_suspended', { status: 'verification_failed', reason: 'account_suspended' }],
    ['closed', { status: 'revoked', reason: 'account_not_found' }],
    ['channel_closed', { status: 'revoked', reason: 'account_not_found' }],
    ['delegated', { status: 'missing_permission', reason: 'target_not_granted' }],
    ['feature_forbidden', { status: 'missing_permission', reason: 'authorization_rejected' }],
    ['api_disabled', { kind: 'client_invalid' }],
    ['quota_exceeded', { kind: 'rate_limited' }],
  ])('when it is %s', async (condition, expected) => {
    expect(await verifyWhen(condition)).toMatchObject(expected)
  })

  it('is missing permission after the box for reading was left empty', async () => {
    const { ctx, ada, personal, connect, handle } = world
    // What was granted before would be added otherwise.
    handle.tokens.revokePerson(ada.id)
    const access = await connect(ada.id, personal.id, [scope.upload])
    expect(access.grantedScopes).toEqual([scope.identity, scope.upload])
    // Nobody can be asked for the channel; core then says which permission is missing.
    expect(await youtube.listTargets(ctx, access)).toEqual([])
    const error = await youtube.verify(ctx, access, targetOf(personal.id)).catch((thrown) => thrown)
    expect(youtube.classifyError(error, 'verify')).toEqual({
      kind: 'account_unusable',
      status: 'missing_permission',
      reason: 'scope_missing',
      missingScopes: [scope.readonly],
    })
  })

  it('with an access token that ended asks for another', async () => {
    const { ctx, ada, personal, connect, handle } = world
    const access = await connect(ada.id, personal.id)
    handle.tokens.expireAccessToken(access.tokens.accessToken)
    const error = await youtube.verify(ctx, access, targetOf(personal.id)).catch((thrown) => thrown)
    expect(youtube.classifyError(error, 'verify')).toEqual({ kind: 'access_token_expired' })
  })
})

describe('two channels of one person', () => {
  it('are two subjects, and the end of one grant leaves the other', async () => {
    const { ctx, ada, personal, brand, connect } = world
    const one = await connect(ada.id, personal.id)
    const other = await connect(ada.id, brand.id)
    expect(other.subject).not.toBe(one.subject)
    await youtube.revoke(ctx, one)
    expect(await youtube.listTargets(ctx, other)).toMatchObject([
      { targetId: brand.id, handle: 'adas-workshop', settings: { longUploads: 'eligible' } },
    ])
    await expect(youtube.listTargets(ctx, one)).rejects.toMatchObject({ platformCode: 'authError' })
  })

  it('are not taken for each other', async () => {
    const { ctx, ada, personal, brand, connect } = world
    const access = await connect(ada.id, brand.id)
    expect(await youtube.verify(ctx, access, targetOf(personal.id))).toMatchObject({
      status: 'missing_permission',
      reason: 'target_not_granted',
    })
  })
})
