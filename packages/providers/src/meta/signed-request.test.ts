import { createHmac } from 'node:crypto'
import type { InboundCallback, Provider } from '@postmcp/core'
import { describe, expect, it } from 'vitest'
import { facebook } from '../facebook/index.js'
import { cannedContext, client, now } from './fixtures/context.js'

const issuedAt = now.getTime() / 1000 - 60

/** Made as the page of Meta describes it, not by our own code. */
function sign(payload: unknown, secret = client.secrets[0] ?? ''): string {
  const body = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)).toString(
    'base64url',
  )
  return `${createHmac('sha256', secret).update(body).digest('base64url')}.${body}`
}

const good = { user_id: '218471', algorithm: 'HMAC-SHA256', issued_at: issuedAt }

const callback = (signedRequest: string, query = ''): InboundCallback => ({
  method: 'POST',
  headers: new Headers({ 'content-type': 'application/x-www-form-urlencoded' }),
  query: new URLSearchParams(query),
  body: new TextEncoder().encode(new URLSearchParams({ signed_request: signedRequest }).toString()),
})

const { ctx } = cannedContext(facebook as Provider, {})
const receive = async (inbound: InboundCallback, secrets = client.secrets) =>
  facebook.receive({ ...ctx, client: { ...client, secrets } }, inbound)

describe('a signed request', () => {
  it.each([
    ['of another app', sign(good, 'another-secret')],
    ['that was changed', sign(good).replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))],
    ['without a signature', `.${sign(good).split('.')[1]}`],
    ['with a part too many', `${sign(good)}.x`],
    ['that is none', 'hello'],
    ['that is missing', ''],
    ['of another algorithm', sign({ ...good, algorithm: 'none' })],
    ['without a person', sign({ ...good, user_id: undefined })],
    ['that is no JSON', sign('hello')],
    ['of the day before yesterday', sign({ ...good, issued_at: issuedAt - 2 * 86_400 })],
    ['of tomorrow', sign({ ...good, issued_at: issuedAt + 86_400 })],
  ])('%s is refused', async (_, signedRequest) => {
    await expect(receive(callback(signedRequest))).rejects.toMatchObject({ code: 'unauthorized' })
  })

  it('is refused when it comes by GET', async () => {
    await expect(receive({ ...callback(sign(good)), method: 'GET' })).rejects.toMatchObject({
      code: 'invalid_request',
    })
  })

  it('is believed with any of the secrets that are configured', async () => {
    const notices = await receive(callback(sign(good, 'the-older-secret')), [
      'the-newer-secret',
      'the-older-secret',
    ])
    expect(notices).toHaveLength(1)
  })

  it('says that a person removed the app; the same request twice is one event', async () => {
    const notices = await receive(callback(sign(good)))
    expect(notices).toEqual([
      {
        type: 'revoked',
        eventId: expect.stringMatching(/^deauthorize [0-9a-f]{64}$/),
        subject: '218471',
        platformCode: 'deauthorized',
      },
    ])
    // Base64 can be written in more than one way.
    for (const same of [sign(good), sign(good).replace('.', '=.')]) {
      expect(await receive(callback(same))).toEqual(notices)
    }
    expect(await receive(callback(sign({ ...good, issued_at: issuedAt + 1 })))).not.toEqual(notices)
  })

  it('keeps all digits of an id that is written as a number', async () => {
    const payload = `{"user_id":17841405793187218,"algorithm":"HMAC-SHA256","issued_at":${issuedAt}}`
    expect(await receive(callback(sign(payload)))).toMatchObject([{ subject: '17841405793187218' }])
  })

  it('at the address for data deletion is answered with an address and a code', async () => {
    const notices = await receive(callback(sign(good), 'request=data_deletion'))
    expect(notices).toEqual([
      {
        type: 'deletion_requested',
        eventId: expect.stringMatching(/^data_deletion [0-9a-f]{64}$/),
        subject: '218471',
        confirmation: expect.stringMatching(/^[0-9a-f]{24}$/),
      },
      { type: 'answer', contentType: 'application/json', body: expect.any(String) },
    ])
    const [{ confirmation }, { body }] = notices as unknown as [{ confirmation: string }, { body: string }]
    expect(JSON.parse(body)).toEqual({
      url: `https://postmcp.example.org/deletion-requests/${confirmation}`,
      confirmation_code: confirmation,
    })
  })
})
