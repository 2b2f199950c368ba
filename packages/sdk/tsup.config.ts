import { defineConfig } from 'tsup'
import { library } from '../../tooling/tsup/library.js'

export default defineConfig({ ...library({ index: 'src/index.ts' }), platform: 'neutral' })
