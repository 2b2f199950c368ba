import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { cannedContext, clientKey, now, openId } from './fixtures/context.js'
import { tiktok } from './index.js'

const time = Math.floor(now.getTime() / 1000)

/** @see https://developers.tiktok.com/doc/webhooks-events (2026-11-22) */
const removed = (reason: number, more: Record<string, unknown> = {}) => ({
  client_key: clientKey,
  event: 'authorization.removed',
  create_time: 1_615_338_610,
  user_openid: openId,
  content: `{"reason": ${reason} }`,
  ...more,
})

function receive(event: unknown, signed: { secret?: string; at?: number; header?: string } = {}) {
  const { secret = 'new-secret', at = time } = signed
  const body = Buffer.from(typeof event === 'string' ? event : JSON.stringify(event))
  const signature = createHmac('sha256', secret).update(`${at}.${body.toString()}`).digest('hex')
  const headers = new Headers({ 'TikTok-Signature': signed.header ?? `t=${at},s=${signature}` })
  const callback = {
    method: 'POST' as const,
    headers,
    query: new URLSearchParams(),
    body: new Uint8Array(body),
  }
  return () => tiktok.receive(cannedContext().ctx, callback)
}

const unsigned = 'This callback is not signed with the secret of this application.'

describe('a callback of TikTok', () => {
  it.each([
    ['no signature', { header: '' }],
    ['half of one', { header: `t=${time}` }],
    ['a signature that is none', { header: `t=${time},s=zz` }],
    ['the signature of somebody else', { secret: 'guessed' }],
  ])('with %s is refused', (_, signed) => {
    expect(receive(removed(1), signed)).toThrow(
      expect.objectContaining({ code: 'unauthorized', message: unsigned }),
    )
  })

  it('that was changed on the way is refused', () => {
    const other = createHmac('sha256', 'new-secret').update(`${time}.${JSON.stringify(removed(1))}`)
    const header = `t=${time},s=${other.digest('hex')}`
    expect(receive(removed(1, { user_openid: 'x' }), { header })).toThrow(unsigned)
  })

  it.each([time - 301, time + 301])('signed at %s is from another time', (at) => {
    expect(receive(removed(1), { at })).toThrow('This callback was signed too long ago.')
  })

  it('for another application is refused', () => {
    expect(receive(removed(1, { client_key: 'other' }))).toThrow('This callback is for another application.')
  })

  it('that is no event is refused', () => {
    expect(receive('{}')).toThrow('This is no event of TikTok.')
    expect(receive('not json')).toThrow('This is no event of TikTok.')
  })

  it.each(['new-secret', 'old-secret'])('signed with %s is read', (secret) => {
    expect(receive(removed(1), { secret, at: time - 299 })()).toEqual([
      {
        type: 'revoked',
        eventId: `authorization.removed:${openId}:1615338610`,
        subject: openId,
        platformCode: 'authorization.removed:1',
      },
    ])
  })

  it.each([0, 2, 3, 4])('with reason %s ends the grant', (reason) => {
    expect(receive(removed(reason))()).toMatchObject([{ platformCode: `authorization.removed:${reason}` }])
  })

  it('with content nobody can read ends it for a reason unknown', () => {
    expect(receive(removed(1, { content: 'x' }))()).toMatchObject([
      { platformCode: 'authorization.removed:0' },
    ])
  })

  it('about our own revocation, or a post, is no news', () => {
    expect(receive(removed(5))()).toEqual([])
    expect(receive(removed(1, { event: 'post.publish.complete' }))()).toEqual([])
  })
})
