import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
// @boundaries-ignore as vitest/postgres.ts does
import { startEmbeddedPostgres } from '../../apps/api/src/embedded-postgres/index.js'

/**
 * Runs something on a PostgreSQL as the product brings it, with its own settings, and removes it afterwards; Ctrl-C ends both.
 * @param work gets the connection string of a role that may create databases
 */
export async function withThrowAwayPostgres(work: (postgresUrl: string) => Promise<void>): Promise<void> {
  const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  const dataDir = await mkdtemp(join(tmpdir(), 'postmcp-bench-'))
  // As root, PostgreSQL runs as another user, who must be able to pass through; the cluster itself stays private.
  await chmod(dataDir, 0o711)
  const postgres = await startEmbeddedPostgres({ dataDir })
  let isInterrupted = false
  try {
    await Promise.race([
      work(postgres.connectionString),
      interrupted.then(() => {
        isInterrupted = true
      }),
    ])
  } finally {
    await postgres.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  // What was under way cannot end without its database; the processes it started end with this one.
  if (isInterrupted) process.exit(130)
}
