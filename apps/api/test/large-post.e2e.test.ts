import { postLarge } from '@postmcp/tooling/bench/large-post/post-large'
import { expect, inject, it } from 'vitest'
import './support/database.js'

// The same code as `node tooling/bench/large-post.ts`, smaller: see docs/benchmarks.md.

it('a large video reaches several platforms as it was uploaded, without being held in memory', async () => {
  const { broken } = await postLarge({
    postgresUrl: inject('postgresUrl'),
    bytes: 200_000_000,
    platforms: ['youtube', 'x', 'tiktok'],
  })
  expect(broken).toEqual([])
})
