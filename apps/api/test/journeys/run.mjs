// All platforms through their whole lives, in one table:  node apps/api/test/journeys/run.mjs [platform...]
// Needs the built packages; runs the API with an embedded database and the sandbox in this process.
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@postmcp/api'
import { PostMcp } from '@postmcp/sdk'
import { openBrowser } from '../support/browser.ts'
import { runJourney } from './platform-journey.ts'
import { sandboxAdmin } from './sandbox-admin.ts'

const only = process.argv.slice(2)
const dataDir = await mkdtemp(join(tmpdir(), 'postmcp-journeys-'))
// As root, PostgreSQL runs as another user, who must be able to pass through.
await chmod(dataDir, 0o711)
const port = await freePort()
const stop = new AbortController()
const env = {
  ...process.env,
  POSTMCP_DATA_DIR: dataDir,
  POSTMCP_PORT: String(port),
  POSTMCP_SANDBOX_PORT: '0',
  POSTMCP_LOG_LEVEL: 'error',
}
const { promise: ready, resolve } = Promise.withResolvers()
const served = serve({
  env,
  role: 'all',
  signal: stop.signal,
  onReady: ({ url, installation }) => resolve({ url: url ?? '', sandboxUrl: installation.sandboxUrl ?? '' }),
})
const browser = await openBrowser()
let failed = 0
try {
  const { url, sandboxUrl } = await Promise.race([
    ready,
    served.then(() => Promise.reject(new Error('It ended.'))),
  ])
  const apiKey = (await readFile(join(dataDir, 'sandbox-api-key'), 'utf8')).trim()
  const api = new PostMcp({ baseUrl: url, apiKey })
  const world = { api, sandbox: sandboxAdmin(sandboxUrl), browser }
  const { data: platforms } = await api.platforms.list()
  const rows = []
  for (const platform of platforms.filter(({ id }) => only.length === 0 || only.includes(id))) {
    try {
      rows.push(await runJourney(world, platform))
    } catch (error) {
      failed += 1
      rows.push({ platform: platform.id, FAILED: error instanceof Error ? error.message : String(error) })
    }
  }
  console.table(rows)
  if (process.env.JOURNEYS_JSON) await writeFile(process.env.JOURNEYS_JSON, JSON.stringify(rows, null, 2))
} finally {
  await browser.close()
  stop.abort()
  await served
  await rm(dataDir, { recursive: true, force: true })
}
console.log(failed === 0 ? 'Every platform went through.' : `${failed} did not.`)
process.exitCode = failed === 0 ? 0 : 1

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
