import { PlatformError } from '@postmcp/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTikTok } from './fixtures/sandbox.js'
import { tiktok } from './index.js'
import { scope } from './manifest.js'

let world: Awaited<ReturnType<typeof startTikTok>>
beforeAll(async () => {
  world = await startTikTok()
})
afterAll(() => world.close())

const targetOf = (targetId: string) => ({ targetId, handle: '', settings: {}, secrets: {} })

describe('the status of an account', () => {
  it.each([
    ['active', { status: 'active', target: { handle: 'ada.sandbox' } }],
    ['too_many_posts', { status: 'active' }],
    ['too_many_drafts', { status: 'active' }],
    ['app_cap_reached', { status: 'active' }],
    ['banned_from_posting', { status: 'verification_failed', reason: 'account_suspended' }],
    // The refresh that follows finds that the grant is gone.
    ['banned', { kind: 'access_token_expired' }],
    ['deleted', { kind: 'access_token_expired' }],
  ])('when it is %s', async (condition, expected) => {
    const { ctx, ada, connect, handle } = world
    const access = await connect(ada.id)
    handle.world.setCondition(ada.id, condition)
    const found = await tiktok.verify(ctx, access, targetOf(ada.id)).catch((error: unknown) => {
      if (error instanceof PlatformError) return tiktok.classifyError(error, 'verify')
      throw error
    })
    handle.world.setCondition(ada.id, 'active')
    expect(found).toMatchObject(expected)
  })

  it('is missing permission after single scopes were switched off, at once or later', async () => {
    const { ctx, ada, connect, handle } = world
    const access = await connect(ada.id, [scope.basic])
    expect(access.grantedScopes).toEqual([scope.basic])
    expect(await tiktok.verify(ctx, access, targetOf(ada.id))).toMatchObject({
      status: 'missing_permission',
      missingScopes: [scope.publish, scope.upload],
    })
    const whole = await connect(ada.id)
    handle.tokens.dropScopes(ada.id, [scope.publish])
    expect(await tiktok.verify(ctx, whole, targetOf(ada.id))).toMatchObject({
      status: 'missing_permission',
      platformCode: 'scope_not_authorized',
      missingScopes: [scope.publish],
    })
  })
})

describe('a disconnect', () => {
  it('reaches TikTok although the access token has ended', async () => {
    const { ctx, ada, connect, handle } = world
    const access = await connect(ada.id)
    handle.tokens.expireAccessToken(access.tokens.accessToken)
    await tiktok.revoke(ctx, { ...access, tokens: { ...access.tokens, accessTokenExpiresAt: new Date(0) } })
    const living = handle.tokens.grants({ personId: ada.id }).filter(({ revokedAt }) => revokedAt === null)
    expect(living).toEqual([])
  })
})
