import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { withFileLock } from './file-lock.js'
import { identifyProcess, isStillRunning } from './process-identity.js'

let folder: string
let lock: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-lock-'))
  lock = join(folder, 'lock')
})
afterEach(() => rm(folder, { recursive: true }))

/** A pid that was in use a moment ago. */
async function deadPid() {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid!
}

it('lets one work at a time and leaves nothing behind', async () => {
  let inside = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++inside)
    await sleep(2)
    inside--
  }
  await Promise.all(Array.from({ length: 10 }, () => withFileLock(lock, {}, work)))
  expect(most).toBe(1)
  expect(await readdir(folder)).toEqual([])
})

it('is free again after work that failed', async () => {
  await expect(withFileLock(lock, {}, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await withFileLock(lock, {}, async () => 'yes')).toBe('yes')
})

it('takes over from a process that died, one taker at a time', async () => {
  const pid = await deadPid()
  for (let round = 0; round < 4; round++) {
    await writeFile(lock, JSON.stringify({ pid, startedAt: 'x', nonce: `dead-${round}` }))
    // The taker died too, before it could give the lock back.
    await writeFile(`${lock}.after-dead-${round}`, '{"pid":0,"startedAt":"x","nonce":"taker"}')
    let inside = 0
    const work = async () => {
      expect(++inside).toBe(1)
      await sleep(1)
      inside--
    }
    await Promise.all(Array.from({ length: 8 }, () => withFileLock(lock, {}, work)))
    expect(await readdir(folder)).toEqual([])
  }
})

it('leaves alone what another one is just about to write, and removes what nobody ever wrote', async () => {
  const [fresh, old] = [`${lock}.draft-fresh`, `${lock}.draft-old`]
  for (const file of [fresh, old]) await writeFile(file, '')
  const long = new Date(Date.now() - 3_600_000)
  await utimes(old, long, long)
  await withFileLock(lock, {}, async () => {})
  expect(await readdir(folder)).toEqual([basename(fresh)])
  await rm(fresh)
})

it('takes over from an earlier process with a recycled pid', async () => {
  await writeFile(lock, JSON.stringify({ pid: process.ppid, startedAt: 'another boot/1', nonce: 'dead' }))
  expect(await withFileLock(lock, {}, async () => 'mine')).toBe('mine')
})

it('takes over a lock whose content a power cut lost', async () => {
  await writeFile(lock, '')
  expect(await withFileLock(lock, {}, async () => 'mine')).toBe('mine')
  expect(await readdir(folder)).toEqual([])
})

it('waits for a process that lives, until told to stop or the time is over', async () => {
  await writeFile(lock, JSON.stringify({ ...(await identifyProcess(process.ppid)), nonce: 'alive' }))
  const aborted = withFileLock(lock, { signal: AbortSignal.timeout(60) }, async () => 'mine')
  await expect(aborted).rejects.toThrow(/abort/)
  const late = withFileLock(lock, { timeoutMs: 60 }, async () => 'mine')
  await expect(late).rejects.toMatchObject({
    code: 'database_unavailable',
    message: `Process ${process.ppid} has been starting or stopping the embedded PostgreSQL for too long (${lock}). End that process, then try again.`,
  })
  expect(await readdir(folder)).toEqual(['lock'])
})

it('tells processes apart', async () => {
  const me = await identifyProcess(process.pid)
  expect(await isStillRunning(me!)).toBe(true)
  expect(await isStillRunning({ ...me!, startedAt: 'earlier' })).toBe(false)
  expect(await identifyProcess(await deadPid())).toBeUndefined()
  expect(await identifyProcess(0)).toBeUndefined()
})
