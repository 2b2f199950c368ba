import { readFile } from 'node:fs/promises'
import openapiTS, { astToString } from 'openapi-typescript'
import { expect, test } from 'vitest'

test('the types are those of the API description; `pnpm run generate` in packages/sdk makes them anew', async () => {
  const description = new URL('../../../apps/api/openapi.json', import.meta.url)
  const types = astToString(await openapiTS(description, { silent: true }))
  const written = await readFile(new URL('./generated/openapi.ts', import.meta.url), 'utf8')
  expect(written.endsWith(types)).toBe(true)
})
