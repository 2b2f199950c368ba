import { defineConfig } from 'tsup'

/** Every source becomes a file of its own: oclif finds commands by their files and loads the one it runs. */
export default defineConfig({
  entry: ['src/**/*.ts', '!src/**/*.test.ts', '!src/testing/**'],
  format: ['esm'],
  bundle: false,
  clean: true,
  sourcemap: true,
  target: 'node22',
  platform: 'node',
})
