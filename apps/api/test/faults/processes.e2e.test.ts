import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEmbeddedPostgres } from '../../src/embedded-postgres/index.js'
import { openDatabase } from '../support/database.js'
import { tempFolder } from '../support/folder.js'
import { killAll } from '../support/processes.js'
import { sharedTime } from '../support/time.js'
import { asked, askedFaults, askedKinds, askedPlatforms, report, wrongOnes } from './asked.js'
import { freshen } from './lane.js'
import { type Part, type ProcessFault, ProcessRounds, processFaults } from './processes.js'
import type { Cell } from './verdict.js'
import { openFaultWorld } from './world.js'

// Workers in processes of their own, and what happens to them while a request is with a platform.

/** One platform for each way of clearing up a lost answer, and Bluesky. */
const oneOfEach = ['bluesky', 'discord', 'instagram', 'x', 'telegram']
const platforms = askedPlatforms()
const faults = askedFaults(processFaults)
const cells: Cell[] = []
const closers: (() => Promise<unknown>)[] = []
let rounds: ProcessRounds
let parts: Part[]

async function open(): Promise<void> {
  const folder = await tempFolder()
  closers.push(folder.remove)
  const settings = { dataDir: join(folder.path, 'postgres'), settings: { fsync: 'off' } }
  let postgres = await startEmbeddedPostgres(settings)
  closers.push(() => postgres.stop())
  const clockFile = join(folder.path, 'clock')
  const time = sharedTime(clockFile)
  const world = await openFaultWorld({ platforms, time, database: openDatabase(postgres.connectionString) })
  closers.push(world.close)
  rounds = new ProcessRounds({
    ...world,
    time,
    clockFile,
    async restartDatabase(meanwhile) {
      await postgres.stop()
      meanwhile()
      // Answers come, and cannot be kept.
      await sleep(300)
      postgres = await startEmbeddedPostgres(settings)
    },
  })
  closers.push(() => rounds.close())
  await freshen(world.lanes)
  parts = []
  for (const lane of world.lanes) {
    for (const kind of askedKinds(lane)) {
      // The first one may take more, such as entering a channel.
      await lane.fairWeather(kind)
      const steps = await lane.fairWeather(kind)
      parts.push(...steps.map((step, at) => ({ lane, kind, at, step })))
    }
  }
}

/** Those that meet the fault, so that each platform is met once in a round. */
function roundsOf(fault: ProcessFault): Part[][] {
  const isChosen = ({ lane, step }: Part) =>
    asked.isWhole || fault === 'jobs emptied' || (step.sends && oneOfEach.includes(lane.id))
  const all: Part[][] = []
  for (const id of platforms) {
    const chosen = parts.filter((part) => part.lane.id === id && isChosen(part))
    for (const [index, part] of chosen.entries()) {
      const round = all[index] ?? []
      round.push(part)
      all[index] = round
    }
  }
  return all
}

describe.runIf(faults.length > 0)('a post with media and a reply', () => {
  beforeAll(open)
  afterAll(async () => {
    await report('processes', cells)
    await killAll()
    for (const close of closers.reverse()) await close()
  })

  it.each(faults)(
    'is there once, or not and says so, or cannot be known: %s',
    async (fault) => {
      const mine: Cell[] = []
      for (const round of roundsOf(fault)) mine.push(...(await rounds.run(fault, round)))
      cells.push(...mine)
      expect(wrongOnes(mine)).toEqual([])
      const met = mine.filter(({ step, result }) => step.sends && result !== 'not_met')
      expect(new Set(met.map(({ platform }) => platform)).size).toBe(
        new Set(roundsOf(fault).flatMap((round) => round.map(({ lane }) => lane.id))).size,
      )
    },
    3_600_000,
  )
})
