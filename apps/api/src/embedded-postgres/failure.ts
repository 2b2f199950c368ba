import { readFile } from 'node:fs/promises'
import { PostMcpError } from '@postmcp/core'
import type { Cluster } from './cluster.js'

const linesShown = 8

/** What to do, by what PostgreSQL says; it has no error codes for the time before one can connect. First match counts. */
const remedies: [pattern: RegExp, remedy: (cluster: Cluster) => string][] = [
  [
    /No space left on device|ENOSPC|Disk quota exceeded/,
    ({ folder }) => `Free disk space on the file system of ${folder}, then try again.`,
  ],
  [
    /database files are incompatible with server/,
    ({ folder }) =>
      `${folder} was made by another major version of PostgreSQL: use the PostMCP version that made it, ` +
      'or set DATABASE_URL to a PostgreSQL server.',
  ],
  [
    /could not bind|could not create any (TCP\/IP|Unix-domain) sockets/,
    () => 'Let programs listen on 127.0.0.1, or set DATABASE_URL to a PostgreSQL server.',
  ],
  [
    /Cannot allocate memory|could not map anonymous shared memory|could not create shared memory/,
    () => 'Free some memory (PostgreSQL needs about 150 MB), or set DATABASE_URL to a PostgreSQL server.',
  ],
  [
    /PANIC|pg_control|invalid (primary )?checkpoint record|is not a valid data directory|could not open (file|directory)|invalid page|checksum/,
    ({ folder }) =>
      `The database looks damaged: restore ${folder} from a back-up, or move it away to begin with an empty one.`,
  ],
  [
    /EACCES|EPERM|EROFS|Permission denied|Read-only file system|wrong ownership/,
    ({ folder }) =>
      `Make ${folder} writable for the user that runs PostMCP, or choose another data directory.`,
  ],
  [
    /could not look up effective user ID/,
    () => 'Run as a user that is listed in /etc/passwd, or set DATABASE_URL to a PostgreSQL server.',
  ],
  [/password authentication failed/, ({ folder }) => `Restore the file ${folder}/password.`],
]

/**
 * An error that says what happened, what PostgreSQL said about it (last lines of its log), and what to do.
 *
 * @param what  what could not be done, without a full stop
 * @param said  what the program or the driver said
 */
export async function failure(
  cluster: Cluster,
  what: string,
  said: string,
  cause?: unknown,
): Promise<PostMcpError> {
  const lines = (await lastLogLines(cluster)).map((line) => `\n  ${line}`).join('')
  const log = lines && `\nLast lines of ${cluster.log}:${lines}`
  const remedy = remedies.find(([pattern]) => pattern.test(said) || pattern.test(lines))?.[1]
  const nextAction =
    remedy?.(cluster) ?? `Look into ${cluster.log}, or set DATABASE_URL to a PostgreSQL server.`
  return new PostMcpError('database_unavailable', `${what}${said && `: ${said}`}${log}\n${nextAction}`, {
    nextAction,
    cause,
  })
}

/** The end of the server's log; nothing if there is none. The server logs no passwords and no statements. */
export async function lastLogLines({ log }: Cluster): Promise<string[]> {
  const text = await readFile(log, 'utf8').catch(() => '')
  return text.trim().split('\n').filter(Boolean).slice(-linesShown)
}
