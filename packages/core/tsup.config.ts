import { library } from '@postmcp/tooling/tsup/library'
import { defineConfig } from 'tsup'

export default defineConfig({
  ...library({
    index: 'src/index.ts',
    'store/postgres': 'src/store/postgres/index.ts',
    testing: 'src/testing/index.ts',
    'probe-worker': 'src/media/probe-worker.ts',
  }),
  // CJS finds the thread's file, too.
  shims: true,
})
