import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import './provided-context.js'
import { startEmbeddedPostgres } from '../apps/api/src/embedded-postgres/index.js'

const prefix = 'postmcp-vitest-'

/** Nothing here outlives the run, so nothing needs to reach the disk. */
const throwAway = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

/**
 * Vitest global set-up: one throw-away PostgreSQL per run, for tests as `inject('postgresUrl')`.
 * `POSTMCP_TEST_DATABASE_URL` names another server to use instead.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.POSTMCP_TEST_DATABASE_URL
  if (given) {
    project.provide('postgresUrl', given)
    return async () => {}
  }
  await removeLeftovers()
  const dataDir = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`))
  // As root, PostgreSQL runs as another user, who must be able to pass through; the cluster itself stays private.
  await chmod(dataDir, 0o711)
  const postgres = await startEmbeddedPostgres({ dataDir, settings: throwAway })
  project.provide('postgresUrl', postgres.connectionString)
  return async () => {
    await postgres.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** Servers of runs that were killed before they could clean up; their folder's name tells the pid of the run. */
async function removeLeftovers() {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1]
    if (pid === undefined || isAlive(Number(pid))) continue
    const dataDir = join(tmpdir(), name)
    try {
      await (await startEmbeddedPostgres({ dataDir, settings: throwAway })).stop()
    } catch {
      // Half created, or another user's: nothing runs there that we could stop.
    }
    await rm(dataDir, { recursive: true, force: true }).catch(() => undefined)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
