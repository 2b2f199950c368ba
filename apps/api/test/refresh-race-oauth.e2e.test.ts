import { runChaos } from '@postmcp/tooling/bench/chaos'
import { runRace } from '@postmcp/tooling/bench/race'
import { expect, inject, it } from 'vitest'
import './support/database.js'

// The same code as `node tooling/bench/refresh-race.ts`, smaller: see docs/benchmarks.md.

const field = () => ({ postgresUrl: inject('postgresUrl'), processes: 4, grants: 200, atOnce: 20 })
const trouble = {
  seconds: 20,
  lostPercent: 5,
  killEverySeconds: 1,
  accessTokenSeconds: 6,
  leaseSeconds: 12,
}

it('processes that need the same expired grants at once make one refresh for each, and lose none', async () => {
  const { broken } = await runRace(field())
  expect(broken).toEqual([])
})

it('no grant is lost to lost answers and killed processes where the platform answers a repeated refresh the same', async () => {
  const { broken } = await runChaos({ ...field(), ...trouble, replay: { graceSeconds: 720 } })
  expect(broken).toEqual([])
})

it('where a refresh token works once, a lost answer is known to have cost its grant, and no other grant is lost', async () => {
  const { broken } = await runChaos({ ...field(), ...trouble, replay: 'single_use' })
  expect(broken).toEqual([])
})
