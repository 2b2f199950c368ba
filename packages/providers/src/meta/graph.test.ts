import { createHmac } from 'node:crypto'
import type { Provider } from '@postmcp/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { facebook } from '../facebook/index.js'
import { type Canned, cannedContext, graphError } from './fixtures/context.js'
import { callGraph, type GraphCall, graphId } from './graph.js'

const answer = z.object({ id: graphId })

function call(canned: Canned, more: Partial<GraphCall<unknown>> = {}) {
  const { ctx, requests } = cannedContext(facebook as Provider, { node: canned })
  const address = 'https://graph.example.org/v26.0/node'
  return { requests, result: callGraph(ctx, { address, token: 'the-token', answer, ...more }) }
}

describe('a call of a Graph API', () => {
  it('shows the token in the query, with the proof that it is ours to show', async () => {
    const { requests, result } = call(
      { body: { id: '17841405793187218' } },
      { query: { fields: 'id' }, appSecret: 'the-secret' },
    )
    expect(await result).toEqual({ id: '17841405793187218' })
    const proof = createHmac('sha256', 'the-secret').update('the-token').digest('hex')
    expect(requests[0]?.method).toBe('GET')
    expect(Object.fromEntries(new URL(requests[0]?.url ?? '').searchParams)).toEqual({
      fields: 'id',
      access_token: 'the-token',
      appsecret_proof: proof,
    })
  })

  it('takes an id that is a number', async () => {
    expect(await call({ body: { id: 42 } }).result).toEqual({ id: '42' })
  })

  it.each<[Canned, string]>([
    [graphError(190, 463), '190/463'],
    [graphError(10), '10'],
    // An error comes before success, whatever the status says.
    [{ ...graphError(4), status: 200 }, '4'],
    [{ ...graphError(2), status: 500 }, '2'],
  ])('reads the error of %j', async (canned, platformCode) => {
    await expect(call(canned).result).rejects.toMatchObject({
      name: 'PlatformError',
      platformCode,
      message: 'Something is wrong.',
      requestId: 'AbCdEf',
      status: canned.status,
    })
  })

  it('prefers the words that are meant for people', async () => {
    const canned = graphError(100, 1366046, {
      error_user_title: 'Too big',
      error_user_msg: 'The photo is too big.',
    })
    await expect(call(canned).result).rejects.toMatchObject({ message: 'The photo is too big.' })
  })

  it('knows from the usage header when to come back: the longest wait, in minutes', async () => {
    const headers = {
      'x-business-use-case-usage': JSON.stringify({
        '555': [
          { type: 'pages', call_count: 98, estimated_time_to_regain_access: 12 },
          { type: 'messenger', call_count: 1, estimated_time_to_regain_access: 0 },
        ],
        '556': [{ type: 'pages', call_count: 100, estimated_time_to_regain_access: 19 }],
      }),
    }
    await expect(call({ ...graphError(80001), headers }).result).rejects.toMatchObject({
      retryAfter: new Date('2026-11-22T12:19:00.000Z'),
    })
  })

  it.each(['', '{}', 'no JSON', '{"555":[{"call_count":98}]}'])(
    'does not know it from the usage header %j',
    async (header) => {
      const headers = { 'x-business-use-case-usage': header }
      await expect(call({ ...graphError(4), headers }).result).rejects.toMatchObject({
        retryAfter: undefined,
      })
    },
  )

  it.each([429, 500, 503])('reads the status %s of whoever speaks no Graph API', async (status) => {
    await expect(call({ status, body: '<html>' }).result).rejects.toMatchObject({
      name: 'PlatformError',
      status,
      platformCode: null,
    })
  })

  it.each<[string, Canned]>([
    ['a web page', { body: '<html>' }],
    ['another object', { body: { data: [] } }],
    ['a redirect', { status: 302, body: '' }],
    ['a refusal in other words', { status: 404, body: '<html>' }],
  ])('takes %s for no answer', async (_, canned) => {
    await expect(call(canned).result).rejects.toMatchObject({ name: 'MalformedResponseError' })
  })

  it('does not repeat what it sent', async () => {
    const proof = createHmac('sha256', 'the-secret').update('the-to|ken').digest('hex')
    const message = `No the-to|ken, no the-to%7Cken, no the-secret, no ${proof}, no another-secret`
    const { result } = call(graphError(190, undefined, { message, fbtrace_id: 'the-secret' }), {
      token: 'the-to|ken',
      appSecret: 'the-secret',
      secrets: ['another-secret'],
    })
    await expect(result).rejects.toMatchObject({
      message: 'No [hidden], no [hidden], no [hidden], no [hidden], no [hidden]',
      requestId: '[hidden]',
    })
  })
})
