import type { CoreContext } from '@postmcp/core'
import { silentLogger } from '@postmcp/core'
import { expect, test } from 'vitest'
import { createApp } from './app.js'

test('openapi.json is what the app serves', async () => {
  const app = createApp({ logger: silentLogger, publicUrl: 'http://127.0.0.1:4477' } as CoreContext)
  const answer = await app.request('/openapi.json')
  expect(answer.status).toBe(200)
  const document = JSON.stringify(await answer.json(), null, 2)
  await expect(`${document}\n`).toMatchFileSnapshot('../openapi.json')
})
