import { randomUUID } from 'node:crypto'
import { link, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PostMcpError } from '@postmcp/core'
import { identifyProcess, isStillRunning, type ProcessIdentity } from './process-identity.js'

/*
 * Why not proper-lockfile: its lock goes stale by age. After a SIGKILL everybody waits for that age, a laptop
 * that slept loses a lock it holds, and two processes that find the same stale lock can both remove it, the
 * slower one removing the fresh lock of the faster. Here staleness is a fact (that process is gone), and
 * a takeover is a race that the file system decides:
 *
 *   lock             says who took it first; made by link(2), which fails if the name exists
 *   lock.after-<n>   says who took it over from the dead owner whose nonce is <n>; made the same way
 *
 * The holder is the end of that chain. Nonces never repeat, so each takeover has exactly one winner, and a claim
 * on a lock that was given back meanwhile is recognized because the chain no longer leads to it.
 */

interface Owner extends ProcessIdentity {
  nonce: string
}

/** How a lock is waited for. */
interface FileLockOptions {
  /** Ends the wait; work that has begun is not interrupted. */
  signal?: AbortSignal | undefined
  /** How long to wait for a holder that lives. Default three minutes: the holder may be creating a cluster. */
  timeoutMs?: number
  /** The error when that time is over. */
  whenHeld?: (pid: number) => PostMcpError
}

const heldTooLong = (path: string) => (pid: number) =>
  new PostMcpError(
    'database_unavailable',
    `Process ${pid} has been starting or stopping the embedded PostgreSQL for too long (${path}). ` +
      'End that process, then try again.',
    { nextAction: `End process ${pid}, then try again.` },
  )

const pollMs = 25

/**
 * Runs `work` while no other process (and no other call in this one) runs work under the same lock file.
 * The lock of a process that died is taken over at once. Not reentrant.
 *
 * @throws PostMcpError `database_unavailable` when a living process holds it for longer than `timeoutMs`.
 */
export async function withFileLock<T>(
  path: string,
  { signal, timeoutMs = 180_000, whenHeld = heldTooLong(path) }: FileLockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const self = await identifyProcess(process.pid)
  const me: Owner = { ...(self ?? { pid: process.pid, startedAt: 'unknown' }), nonce: randomUUID() }
  const draft = `${path}.draft-${me.nonce}`
  // Written before it is linked, so that whoever can see the lock can read its owner.
  await writeFile(draft, JSON.stringify(me), { flag: 'wx', mode: 0o644 })
  try {
    await acquire(path, draft, me, { deadline: Date.now() + timeoutMs, whenHeld, signal })
  } finally {
    await rm(draft, { force: true })
  }
  try {
    return await work()
  } finally {
    await giveBack(path)
  }
}

interface Patience {
  deadline: number
  whenHeld: (pid: number) => PostMcpError
  signal: AbortSignal | undefined
}

async function acquire(path: string, draft: string, me: Owner, { deadline, whenHeld, signal }: Patience) {
  for (;;) {
    signal?.throwIfAborted()
    const holder = (await readOwners(path)).at(-1)
    if (holder === undefined) {
      if (await linkIfFree(draft, path)) return
    } else if (!(await isStillRunning(holder))) {
      const claim = claimOn(path, holder)
      if (await linkIfFree(draft, claim)) {
        if ((await readOwners(path)).at(-1)?.nonce === me.nonce) return
        await rm(claim, { force: true })
      }
    } else if (Date.now() > deadline) {
      throw whenHeld(holder.pid)
    } else {
      await sleep(pollMs, undefined, signal && { signal })
    }
  }
}

/** Only the holder may call this. The name `lock` goes first: from then on claims in its chain lead nowhere. */
async function giveBack(path: string) {
  const owners = await readOwners(path)
  const claims = owners.map((owner) => claimOn(path, owner))
  await removeLeftovers(path, claims)
  await rm(path, { force: true })
  for (const claim of claims) await rm(claim, { force: true })
}

/** Removes what killed processes left: claims outside the holder's chain, and drafts that were never linked. */
async function removeLeftovers(path: string, claimsInUse: string[]) {
  for (const name of await readdir(dirname(path))) {
    const file = join(dirname(path), name)
    if (name.startsWith(`${basename(path)}.after-`)) {
      if (!claimsInUse.includes(file)) await rm(file, { force: true })
    } else if (name.startsWith(`${basename(path)}.draft-`)) {
      const owner = await readOwner(file)
      if (owner === undefined || (await isStillRunning(owner))) continue
      // One whose owner cannot be read may be just about to be written.
      if (owner.pid === unreadable && (await ageOf(file)) < beingWrittenMs) continue
      await rm(file, { force: true })
    }
  }
}

/** In place of the pid, where a file does not say whose it is; no process has it. */
const unreadable = 0
/** A file is empty for a moment between being made and being written. */
const beingWrittenMs = 60_000

async function ageOf(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined)
  return found ? Date.now() - found.mtimeMs : 0
}

const claimOn = (path: string, owner: Owner) => `${path}.after-${owner.nonce}`

/** Everybody who has held this lock without giving it back, oldest first; the last one holds it. */
async function readOwners(path: string): Promise<Owner[]> {
  const owners: Owner[] = []
  let next = await readOwner(path)
  while (next !== undefined) {
    owners.push(next)
    next = await readOwner(claimOn(path, next))
  }
  return owners
}

async function readOwner(path: string): Promise<Owner | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  try {
    const { pid, startedAt, nonce } = JSON.parse(text) as Partial<Owner>
    if (Number.isInteger(pid) && typeof startedAt === 'string' && /^[\w-]+$/.test(nonce ?? '')) {
      return { pid, startedAt, nonce } as Owner
    }
  } catch {
    // Handled below
  }
  // A power cut can keep the name and lose the content. Whoever wrote it is gone; the inode serves as its nonce.
  const inode = await stat(path).catch(() => undefined)
  return inode && { pid: unreadable, startedAt: '', nonce: `inode-${inode.ino}` }
}

async function linkIfFree(existing: string, name: string): Promise<boolean> {
  try {
    await link(existing, name)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT'
