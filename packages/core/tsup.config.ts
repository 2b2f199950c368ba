import { defineConfig } from 'tsup'
import { library } from '../../tooling/tsup/library.js'

export default defineConfig(
  library({
    index: 'src/index.ts',
    'store/postgres': 'src/store/postgres/index.ts',
    testing: 'src/testing/index.ts',
  }),
)
