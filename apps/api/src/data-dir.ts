import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PostMcpError } from '@postmcp/core'
import { z } from 'zod'
import { withFileLock } from './locks/file-lock.js'

/** Where things are in a data directory. */
export const dataPaths = (dataDir: string) => ({
  postgres: join(dataDir, 'postgres'),
  media: join(dataDir, 'media'),
  apiKey: join(dataDir, 'api-key'),
  sandboxApiKey: join(dataDir, 'sandbox-api-key'),
  server: join(dataDir, 'server.json'),
  serverLock: join(dataDir, 'server.lock'),
  setupLock: join(dataDir, 'setup.lock'),
})

/** Makes the data directory, closed to other users. @throws PostMcpError `config_invalid` when it cannot be made */
export async function makeDataDir(dataDir: string): Promise<void> {
  try {
    // Root's PostgreSQL runs as another user, who must be able to pass through; what is secret in here is 0600 itself.
    await mkdir(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 })
  } catch (error) {
    throw new PostMcpError('config_invalid', `The data directory ${dataDir} cannot be made.`, {
      cause: error,
      nextAction: 'Set POSTMCP_DATA_DIR to a directory you may write to.',
    })
  }
}

/** Writes a file that only this user can read, whole or not at all. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(draft, text, { mode: 0o600, flag: 'wx', flush: true })
  await rename(draft, path)
}

/** @returns undefined when there is no such file */
async function readOptionalFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

const serverFileSchema = z.object({ url: z.string(), pid: z.number(), nonce: z.string() })

/** What `server.json` says of the server that runs on a data directory. */
export type ServerFile = z.infer<typeof serverFileSchema>

/** @returns undefined when no server has announced itself; one that was killed may still be announced */
export async function readServerFile(dataDir: string): Promise<ServerFile | undefined> {
  const text = await readOptionalFile(dataPaths(dataDir).server)
  if (text === undefined) return undefined
  try {
    return serverFileSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/**
 * Runs a server as the only one on its data directory.
 * @throws PostMcpError `server_already_running` that names the other one
 */
export async function asOnlyServer<T>(dataDir: string, run: () => Promise<T>): Promise<T> {
  const other = await readServerFile(dataDir)
  return withFileLock(
    dataPaths(dataDir).serverLock,
    {
      timeoutMs: 0,
      whenHeld: (pid) =>
        new PostMcpError(
          'server_already_running',
          `A server already runs on ${dataDir}${other ? ` at ${other.url}` : ''} (process ${pid}).`,
        ),
    },
    run,
  )
}

/** Announces a running server to the CLI. */
export const announceServer = (dataDir: string, server: ServerFile): Promise<void> =>
  writePrivateFile(dataPaths(dataDir).server, `${JSON.stringify(server)}\n`)

/** Takes the announcement back. */
export const withdrawServer = (dataDir: string): Promise<void> =>
  rm(dataPaths(dataDir).server, { force: true })
