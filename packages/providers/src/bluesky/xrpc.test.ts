import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Canned, cannedContext, pds } from './fixtures/context.js'
import { type XrpcCall, xrpc } from './xrpc.js'

const method = 'com.example.method'
const answer = z.object({ value: z.number() })
const call = (canned: Canned, more: Partial<XrpcCall<unknown>> = {}) => {
  const { ctx, requests } = cannedContext({ [method]: canned })
  return { requests, result: xrpc(ctx, { service: pds, method, answer, ...more }) }
}

describe('an XRPC call', () => {
  it('is a GET with parameters, or a POST that names no type when it has no body', async () => {
    const canned = { body: { value: 1 } }
    const query = call(canned, { query: { a: 'b c' } })
    expect(await query.result).toEqual({ value: 1 })
    expect(query.requests[0]).toMatchObject({ method: 'GET', url: new URL(`${pds}/xrpc/${method}?a=b+c`) })
    const procedure = call(canned, { token: 'secret' })
    await procedure.result
    expect(procedure.requests[0]).toEqual({
      method: 'POST',
      url: new URL(`${pds}/xrpc/${method}`),
      headers: { authorization: 'Bearer secret' },
    })
  })

  it('keeps what the server says about an error', async () => {
    const body = { error: 'ExpiredToken', message: 'Token has expired' }
    await expect(call({ status: 400, body }).result).rejects.toMatchObject({
      name: 'PlatformError',
      status: 400,
      platformCode: 'ExpiredToken',
      message: 'Token has expired',
      retryAfter: undefined,
    })
  })

  it.each([
    [{ 'retry-after': '90' }, '2026-11-22T12:01:30.000Z'],
    [{ 'ratelimit-reset': '1795348860' }, '2026-11-22T12:01:00.000Z'],
  ])('knows from %j when to come back', async (headers, instant) => {
    const limited = {
      status: 429,
      headers,
      body: { error: 'RateLimitExceeded', message: 'Rate Limit Exceeded' },
    }
    await expect(call(limited).result).rejects.toMatchObject({ status: 429, retryAfter: new Date(instant) })
  })

  it.each([413, 429, 502])('reads the status %s of a proxy that speaks no XRPC', async (status) => {
    await expect(call({ status, body: '<html>nginx</html>' }).result).rejects.toMatchObject({
      name: 'PlatformError',
      status,
      platformCode: null,
      message: `pds.example.org answered ${method} with status ${status}.`,
    })
  })

  it.each<[string, Canned]>([
    ['a web page', { body: '<html>' }],
    ['another object', { body: { values: [] } }],
    ['nothing', { body: '' }],
    ['a redirect', { status: 302, body: '' }],
    ['a refusal in other words', { status: 404, body: '<html>' }],
  ])('takes %s for no answer of such a server', async (_, canned) => {
    await expect(call(canned).result).rejects.toMatchObject({
      name: 'MalformedResponseError',
      message: expect.stringMatching(/^pds\.example\.org does not behave like a server of the AT Protocol: /),
    })
  })

  it('does not repeat the secrets it sent, wherever the server puts them', async () => {
    const json = { identifier: 'anna', password: 'abcd-efgh-ijkl-mnop' }
    const body = { error: 'abcd-efgh-ijkl-mnop', message: 'No abcd-efgh-ijkl-mnop with tok.en here' }
    const error = await call({ status: 400, body }, { json, token: 'tok.en' }).result.catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ platformCode: '[hidden]', message: 'No [hidden] with [hidden] here' })
  })
})
