import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './vitest/longest-first.js'

/** Tests read sources, not builds: the `@postmcp/source` condition comes first in every package's `exports`. */
const resolve = { conditions: ['@postmcp/source', 'node', 'default'] }

const setupFiles = ['vitest/loopback-only.ts']

/** Projects whose files share a worker and what it has loaded: loading it anew for every file would take longer than the tests. */
const shared = { isolate: false, setupFiles: [...setupFiles, 'vitest/shared-worker.ts'] }

export default defineConfig({
  resolve,
  ssr: { resolve },
  environments: { ssr: { resolve }, __vitest__: { resolve } },
  test: {
    // Vitest would leave one processor to itself.
    maxWorkers: availableParallelism(),
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{packages,apps}/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'vitest/*.test.ts'],
          exclude: ['**/*.{pds,specs,e2e}.test.ts'],
          // Small machines are noisy; no test measures time.
          testTimeout: 30_000,
          hookTimeout: 60_000,
          globalSetup: ['vitest/postgres.ts'],
          ...shared,
        },
      },
      {
        // Against the real Bluesky server, which takes seconds to start and much memory.
        extends: true,
        test: {
          name: 'pds',
          include: ['packages/*/src/**/*.pds.test.ts', 'tooling/test-servers/*.test.ts'],
          setupFiles,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Against the descriptions of the platforms, which are too large to be kept here: POSTMCP_SPECS_DIR is their folder.
        extends: true,
        test: {
          name: 'specs',
          include: ['packages/*/test/**/*.specs.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          ...shared,
        },
      },
      {
        // The built product, as users run it.
        extends: true,
        test: {
          name: 'e2e',
          include: ['apps/*/test/**/*.e2e.test.ts'],
          globalSetup: ['vitest/postgres.ts'],
          setupFiles,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
