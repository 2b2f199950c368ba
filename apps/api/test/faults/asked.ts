import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { platformRegistry } from '@postmcp/api'
import { type ContentKind, contentKinds, type Lane } from './lane.js'
import type { Cell } from './verdict.js'

const listIn = (value = '') => value.split(',').filter((part) => part !== '')

/** What `run.mjs` was asked for; with the other tests a smaller form runs. */
export const asked = {
  /** Every request, posts with pictures and posts with videos. */
  isWhole: process.env.FAULTS_WHOLE === '1',
  platforms: listIn(process.env.FAULTS_PLATFORMS),
  faults: listIn(process.env.FAULTS_FAULTS),
}

/** The platforms of this build, as far as they are asked for. */
export const askedPlatforms = (): string[] =>
  platformRegistry()
    .list()
    .map(({ manifest }) => manifest.id)
    .filter((id) => asked.platforms.length === 0 || asked.platforms.includes(id))

/** The faults of a table, as far as they are asked for. */
export const askedFaults = <Fault extends string>(table: Record<Fault, unknown>): Fault[] =>
  (Object.keys(table) as Fault[]).filter((name) => asked.faults.length === 0 || asked.faults.includes(name))

/** Kinds of posts that a lane is tried with: all it has, or the first. */
export const askedKinds = ({ kinds }: Lane): ContentKind[] =>
  contentKinds.filter((kind) => kinds.includes(kind)).slice(0, asked.isWhole ? undefined : 1)

/** Leaves cells for `run.mjs` to print. */
export async function report(name: string, cells: readonly Cell[]): Promise<void> {
  const folder = process.env.FAULTS_REPORT
  if (folder) await writeFile(join(folder, `${name}.json`), JSON.stringify(cells))
}

/** What is wrong, in words for a failing test. */
export const wrongOnes = (cells: readonly Cell[]): string[] =>
  cells
    .filter(({ result, duplicates }) => result === 'wrong' || duplicates > 0)
    .map(({ platform, fault, kind, at, step: { method, path }, words }) => {
      return `${platform}, ${kind}, ${fault} at request ${at} (${method} ${path}): ${words}`
    })
