import { createHmac, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** How long a running server may take to say that it is there. */
const answerWithinMs = 1000

/** Where this installation keeps its things; the API reads the same variable. */
export const dataDirOf = (env: NodeJS.ProcessEnv): string =>
  resolve(env.POSTMCP_DATA_DIR?.trim() || join(homedir(), '.postmcp'))

/** @returns undefined when there is no such file, or it is not ours to read */
async function readOptional(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}

/** The key that the first start wrote down; undefined when there is none. */
export async function readApiKeyFile(dataDir: string): Promise<string | undefined> {
  return (await readOptional(join(dataDir, 'api-key')))?.trim() || undefined
}

/** What a running server says of itself in `server.json`, which only its user can read. */
interface Announcement {
  url: string
  pid: number
  nonce: string
}

/**
 * The address of the server that runs on a data directory. One that was killed may still be announced, and a stranger may listen
 * where it did: its process must live, and what answers must prove that it knows the nonce, or there is none.
 */
export async function findRunningServer(dataDir: string): Promise<string | undefined> {
  const announced = readAnnouncement(await readOptional(join(dataDir, 'server.json')))
  if (!announced || !isAlive(announced.pid)) return undefined
  return (await isTheAnnounced(announced)) ? announced.url : undefined
}

function readAnnouncement(text: string | undefined): Announcement | undefined {
  try {
    const { url, pid, nonce } = JSON.parse(text ?? '') as Record<string, unknown>
    const isWhole = typeof url === 'string' && typeof pid === 'number' && typeof nonce === 'string'
    return isWhole && nonce !== '' ? { url, pid, nonce } : undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

async function isTheAnnounced({ url, nonce }: Announcement): Promise<boolean> {
  const challenge = randomBytes(32).toString('hex')
  try {
    const answer = await fetch(`${url}/healthz?challenge=${challenge}`, {
      signal: AbortSignal.timeout(answerWithinMs),
      redirect: 'manual',
    })
    const body = (await answer.json()) as { proof?: unknown } | null
    return answer.ok && body?.proof === createHmac('sha256', nonce).update(challenge).digest('hex')
  } catch {
    return false
  }
}
