import { readFileSync } from 'node:fs'
import { afterAll, expect, vi } from 'vitest'

/*
 * Vitest set-up file of projects whose files share a worker and the modules it has loaded (`isolate: false`): the next file
 * finds everything as this one did.
 */

const { testPath } = expect.getState()
const mocksModules = testPath !== undefined && /\bvi\.(mock|doMock)\(/.test(readFileSync(testPath, 'utf8'))

// What was loaded with the real module would keep it, and what this file loads with the mock would keep that.
if (mocksModules) {
  vi.resetModules()
  afterAll(() => void vi.resetModules())
}

afterAll(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  vi.unstubAllEnvs()
})
