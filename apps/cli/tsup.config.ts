import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Plugin } from '@oclif/core'
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
  onSuccess: listCommands,
})

/** Without this list oclif loads every command to know what there is, each time. */
async function listCommands() {
  const root = fileURLToPath(new URL('.', import.meta.url))
  const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true })
  await plugin.load()
  await writeFile(`${root}oclif.manifest.json`, `${JSON.stringify(plugin.manifest, null, 2)}\n`)
}
