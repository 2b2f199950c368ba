import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { RunAs } from './run.js'

/**
 * Whether a user may pass through this folder and all its parents. Reads the mode bits: `child_process` drops
 * our supplementary groups together with our uid, so these are what counts (access control lists aside).
 */
export async function canReach(folder: string, { uid, gid }: RunAs): Promise<boolean> {
  const { mode, uid: owner, gid: group } = await stat(folder)
  const execute = uid === owner ? 0o100 : gid === group ? 0o010 : 0o001
  if ((mode & execute) === 0) return false
  const parent = dirname(folder)
  return parent === folder || canReach(parent, { uid, gid })
}
