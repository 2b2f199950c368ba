import { createHmac } from 'node:crypto'
import { type CoreContext, silentLogger } from '@postmcp/core'
import { expect, test } from 'vitest'
import { createApp } from '../app.js'

const app = createApp({ logger: silentLogger, publicUrl: 'http://127.0.0.1:4477' } as CoreContext)
const challenge = 'ab'.repeat(32)

test('refuses a challenge that is none', async () => {
  expect((await app.request('/healthz?challenge=xyz')).status).toBe(400)
})

test('proves that it is the server that was announced, and does not tell its nonce', async () => {
  const bindings = { serverNonce: 'secret-nonce' }
  const answer = await app.request(`/healthz?challenge=${challenge}`, {}, bindings)
  const text = await answer.text()
  expect(JSON.parse(text)).toEqual({
    status: 'ok',
    proof: createHmac('sha256', 'secret-nonce').update(challenge).digest('hex'),
  })
  expect(text).not.toContain('secret-nonce')
})

test('says only that it lives when it is not asked for more, or was not announced', async () => {
  const asked = await app.request(`/healthz?challenge=${challenge}`)
  const plain = await app.request('/healthz', {}, { serverNonce: 'secret-nonce' })
  expect([await asked.json(), await plain.json()]).toEqual([{ status: 'ok' }, { status: 'ok' }])
})
