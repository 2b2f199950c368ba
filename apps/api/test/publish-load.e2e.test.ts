import { runDrain } from '@postmcp/tooling/bench/publish/drain'
import { runLoad } from '@postmcp/tooling/bench/publish/load'
import { expect, inject, it } from 'vitest'
import './support/database.js'

// The same code as `node tooling/bench/publish-load.ts`, smaller: see docs/benchmarks.md.

const field = () => ({ postgresUrl: inject('postgresUrl'), accounts: 99, barePosts: 0 })

it('posts go out once while answers get lost and workers are killed', async () => {
  const { broken } = await runLoad({
    ...field(),
    posts: 3000,
    workers: 3,
    lostPercent: 2,
    killEverySeconds: 4,
  })
  expect(broken).toEqual([])
}, 600_000)

it('posts that are due together go out once, and none of them before its time', async () => {
  const { broken } = await runDrain({ ...field(), posts: 1000, workers: 2, withinSeconds: 5 })
  expect(broken).toEqual([])
}, 600_000)
