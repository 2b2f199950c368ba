import { library } from '@postmcp/tooling/tsup/library'
import { defineConfig } from 'tsup'

export default defineConfig(library({ index: 'src/index.ts' }))
