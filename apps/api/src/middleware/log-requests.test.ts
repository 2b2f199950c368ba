import type { CoreContext } from '@postmcp/core'
import { expect, test } from 'vitest'
import { createApp } from '../app.js'

test('a request is logged by its route, never by its address', async () => {
  const lines: Record<string, unknown>[] = []
  const log = (fields: Record<string, unknown>) => void lines.push(fields)
  const logger = { debug: log, info: log, warn: log, error: log }
  const app = createApp({ logger, publicUrl: 'http://127.0.0.1:4477' } as unknown as CoreContext)
  for (const path of ['/healthz', '/openapi.json', '/a-secret-somebody-pasted?token=x'])
    await app.request(path)
  const routes = lines.map(({ route }) => route).filter((route) => route !== undefined)
  expect(routes).toEqual(['/healthz', '/openapi.json', '/*'])
})
