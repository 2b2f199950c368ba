import { defineConfig } from 'vitest/config'

/** Tests read sources, not builds: the `@postmcp/source` condition comes first in every package's `exports`. */
const resolve = { conditions: ['@postmcp/source', 'module', 'node', 'default'] }
const ssr = { resolve: { conditions: ['@postmcp/source', 'module', 'node', 'default'] } }

export default defineConfig({
  resolve,
  ssr,
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'tooling/**/*.test.ts'],
          globalSetup: ['tooling/vitest/postgres.ts'],
          setupFiles: ['tooling/vitest/loopback-only.ts'],
        },
      },
    ],
  },
})
