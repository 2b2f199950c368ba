import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerFaults, meetAnswerFault } from './answers.js'
import { askedFaults, askedKinds, askedPlatforms, report, wrongOnes } from './asked.js'
import type { Cell } from './verdict.js'
import { type FaultWorld, openFaultWorld } from './world.js'

// Each request of a post to each platform meets each fault of an answer. `node apps/api/test/faults/run.mjs` shows the tables.

const platforms = askedPlatforms()
const faults = askedFaults(answerFaults)
const cells: Cell[] = []
let world: FaultWorld

describe.runIf(faults.length > 0)('a request that fails once, of a post with media and a reply', () => {
  beforeAll(async () => {
    world = await openFaultWorld({ platforms })
  })
  afterAll(async () => {
    await report('answers', cells)
    await world?.close()
  })

  it.concurrent.each(platforms)(
    'leaves one post at %s, or none and a word that it failed',
    async (id) => {
      const lane = world.lanes.find((one) => one.id === id)
      if (!lane) throw new Error(`There is no simulation of ${id}.`)
      const mine: Cell[] = []
      for (const kind of askedKinds(lane))
        for (const fault of faults) mine.push(...(await meetAnswerFault(lane, kind, fault)))
      cells.push(...mine)
      expect(wrongOnes(mine)).toEqual([])
      const met = mine.filter(({ step }) => step.sends).map(({ fault }) => fault)
      expect([...new Set(met)]).toEqual(faults)
    },
    1_800_000,
  )
})
