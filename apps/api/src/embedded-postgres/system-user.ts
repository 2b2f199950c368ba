import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { PostMcpError } from '@postmcp/core'
import { type RunAs, run } from './run.js'

const ownUser = 'postmcp'

/** Ways to make a system user without home, shell and password: shadow-utils, Debian's adduser, BusyBox. */
const waysToCreate: [command: string, ...args: string[]][] = [
  ['useradd', '--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', ownUser],
  ['adduser', '--system', '--group', '--no-create-home', '--quiet', ownUser],
  ['adduser', '-S', '-D', '-H', ownUser],
]

/** Used where no user can be created, such as a container with a read-only `/etc`. */
const existingUsers = ['postgres', '_postgres', 'nobody']

/**
 * The unprivileged user that PostgreSQL runs as when we are root: `postmcp`, created if missing, else one that exists.
 * Safe to repeat and to call from several processes at once.
 *
 * @throws PostMcpError `unsupported_machine` when there is none.
 */
export async function findOrCreateSystemUser(): Promise<RunAs> {
  const found = (await findUser(ownUser)) ?? (await createOwnUser())
  if (found !== undefined) return found
  for (const name of existingUsers) {
    const user = await findUser(name)
    if (user !== undefined && user.uid !== 0) return user
  }
  throw new PostMcpError(
    'unsupported_machine',
    'PostgreSQL refuses to run as root, and there is no other user it could run as. ' +
      'Start PostMCP as an ordinary user, or set DATABASE_URL to a PostgreSQL server.',
  )
}

/**
 * The user with this uid, if the system knows it by name. PostgreSQL's initdb fails for a nameless uid
 * ("could not look up effective user ID").
 */
export async function findUserById(uid: number): Promise<RunAs | undefined> {
  return (await readUsers()).find((user) => user.uid === uid)
}

async function findUser(name: string): Promise<RunAs | undefined> {
  const user = (await readUsers()).find((candidate) => candidate.name === name)
  return user && { uid: user.uid, gid: user.gid }
}

async function createOwnUser(): Promise<RunAs | undefined> {
  // Another process may create it at this moment; then useradd fails because the file is locked or the name taken.
  for (const delayMs of [0, 200, 500]) {
    await sleep(delayMs)
    for (const [command, ...args] of waysToCreate) {
      await run(command, args, { cwd: '/' }).catch(() => undefined)
      const user = await findUser(ownUser)
      if (user !== undefined) return user
    }
  }
  return undefined
}

async function readUsers(): Promise<(RunAs & { name: string })[]> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':')
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : []
  })
}
