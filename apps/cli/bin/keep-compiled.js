import { mkdirSync, statSync } from 'node:fs'
import { enableCompileCache, getCompileCacheDir } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

const home = { darwin: join(homedir(), 'Library', 'Caches'), win32: process.env.LOCALAPPDATA }[
  process.platform
]

/**
 * Has Node keep what it compiles: a third of a short command would be compiling. What is kept is executed, so it lies in a folder
 * that belongs to whoever runs us, and where there is none, nothing is kept.
 */
export function keepCompiled() {
  if (getCompileCacheDir() !== undefined) return
  const folder = join(process.env.XDG_CACHE_HOME || home || join(homedir(), '.cache'), 'postmcp', 'compiled')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (process.getuid && statSync(folder).uid !== process.getuid()) return
    enableCompileCache(folder)
  } catch {
    // A machine where nothing can be kept.
  }
}
