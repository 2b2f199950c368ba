import { library } from '@postmcp/tooling/tsup/library'
import { defineConfig } from 'tsup'

export default defineConfig(
  library({
    index: 'src/index.ts',
    'store/postgres': 'src/store/postgres/index.ts',
    testing: 'src/testing/index.ts',
  }),
)
