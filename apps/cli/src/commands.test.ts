import { readdir, readFile, writeFile } from 'node:fs/promises'
import type { Command } from '@oclif/core'
import { expect, test } from 'vitest'

const snapshot = new URL('../command-snapshot.json', import.meta.url)

async function loadCommands(): Promise<[id: string, command: typeof Command][]> {
  const folder = new URL('./commands/', import.meta.url)
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts')).sort()
  return Promise.all(
    files.map(async (file) => {
      const { default: command } = (await import(new URL(file, folder).href)) as { default: typeof Command }
      return [file.replace(/\.ts$/, '').replaceAll('/', ' '), command] as [string, typeof Command]
    }),
  )
}

test('commands and flags are those of the snapshot; UPDATE_SNAPSHOT=1 writes it anew', async () => {
  const commands = (await loadCommands()).map(([id, { args = {}, flags = {} }]) => ({
    command: id,
    args: Object.keys(args),
    flags: [
      'json',
      ...Object.entries(flags).map(([name, { required }]) => (required ? `${name} (required)` : name)),
    ].sort(),
  }))
  if (process.env.UPDATE_SNAPSHOT) await writeFile(snapshot, `${JSON.stringify(commands, null, 2)}\n`)
  expect(commands).toEqual(JSON.parse(await readFile(snapshot, 'utf8')))
})

test('every command says what it does, with examples, and can print JSON', async () => {
  for (const [id, { summary, examples, enableJsonFlag }] of await loadCommands()) {
    expect(summary, id).toMatch(/^[A-Z].*[^.]\.$/)
    expect(examples, id).not.toHaveLength(0)
    expect(enableJsonFlag, id).toBe(true)
  }
})
