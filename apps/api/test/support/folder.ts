import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where nothing is; what is made there all the same harms nobody, whoever runs the tests. */
export const noHome: string = join(tmpdir(), `postmcp-no-home-${process.pid}`)

/** A folder that is gone when the test is over. As root, PostgreSQL runs as another user, who must be able to pass through. */
export async function tempFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'postmcp-e2e-'))
  await chmod(path, 0o711)
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) }
}
