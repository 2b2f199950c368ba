import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { platformRegistry } from '@postmcp/api'
import { expect, test } from 'vitest'
import type { JourneyRow } from './journeys/platform-journey.js'
import { tempFolder } from './support/folder.js'

const command = fileURLToPath(new URL('./journeys/run.mjs', import.meta.url))

test('every platform is connected in a real browser, stays healthy, reconnects and lets go', async () => {
  const folder = await tempFolder()
  const report = join(folder.path, 'journeys.json')
  const env = { ...process.env, JOURNEYS_JSON: report }
  const { stdout } = await promisify(execFile)(process.execPath, [command], { env }).catch(
    (error: { stdout: string }) => error,
  )
  const rows = JSON.parse(await readFile(report, 'utf8').catch(() => '[]')) as JourneyRow[]
  await folder.remove()
  expect(
    rows.filter(({ reconnect, disconnect }) => reconnect === 'same id, active' && disconnect !== undefined),
    stdout,
  ).toHaveLength(platformRegistry().list().length)
})
