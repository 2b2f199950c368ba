import type { GrantAccess, Provider } from '@postmcp/core'
import { describe, expect, it, vi } from 'vitest'
import { threads } from '../threads/index.js'
import { cannedContext, graphError, now } from './fixtures/context.js'
import { extendToken, isTooYoung } from './long-lived.js'

const day = 86_400_000
const life = 5_183_944_000
const agedDays = (days: number) => ({
  accessToken: 'the-token',
  accessTokenExpiresAt: new Date(now.getTime() + life - days * day),
})

const accessOf = (tokens: GrantAccess['tokens']): GrantAccess => ({
  authMethod: 'oauth2',
  subject: '1',
  grantedScopes: [],
  settings: {},
  tokens,
})

function extend(tokens: GrantAccess['tokens'], refused?: ReturnType<typeof graphError>) {
  const { ctx, requests } = cannedContext(threads as Provider, {
    refresh_access_token: refused ?? {
      body: { access_token: 'the-next', token_type: 'bearer', expires_in: 5_183_944 },
    },
  })
  const prove = vi.fn(async () => {})
  const address = 'https://graph.example.org/refresh_access_token'
  const result = extendToken(ctx, accessOf(tokens), { address, grantType: 'th_refresh_token', prove })
  return { requests, prove, result }
}

describe('extending an access token', () => {
  it('is done with the token alone', async () => {
    const { requests, prove, result } = extend(agedDays(1.1))
    expect(await result).toEqual({
      accessToken: 'the-next',
      accessTokenExpiresAt: new Date(now.getTime() + life),
    })
    expect(Object.fromEntries(new URL(requests[0]?.url ?? '').searchParams)).toEqual({
      grant_type: 'th_refresh_token',
      access_token: 'the-token',
    })
    expect(prove).not.toHaveBeenCalled()
  })

  it('is not tried on the first day: the token is asked whether it stands, and stays', async () => {
    const tokens = agedDays(1)
    const { requests, prove, result } = extend(tokens)
    expect(await result).toEqual(tokens)
    expect(prove).toHaveBeenCalledOnce()
    expect(requests).toEqual([])
  })

  it('is tried where nobody knows how old the token is', async () => {
    expect(isTooYoung({ accessToken: 'the-token' }, now)).toBe(false)
    const { result } = extend({ accessToken: 'the-token' })
    expect(await result).toMatchObject({ accessToken: 'the-next' })
  })

  it('keeps what the platform says about a refusal', async () => {
    const { result } = extend(agedDays(2), graphError(190, 463))
    await expect(result).rejects.toMatchObject({ platformCode: '190/463' })
  })
})
