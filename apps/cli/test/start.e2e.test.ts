import { chown, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run, start } from './support/cli.js'

let folder: string
let kept: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postmcp-cli-'))
  kept = join(folder, 'postmcp', 'compiled')
})
afterAll(() => rm(folder, { recursive: true }))

const readJson = async (path: string) => JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8'))

test('every command is in the list that spares loading them all', async () => {
  const { commands } = (await readJson('../oclif.manifest.json')) as { commands: Record<string, unknown> }
  const snapshot = (await readJson('../command-snapshot.json')) as { command: string }[]
  expect(
    Object.keys(commands)
      .map((id) => id.replaceAll(':', ' '))
      .sort(),
  ).toEqual(snapshot.map(({ command }) => command).sort())
})

test('what was compiled is kept among the caches of the user', async () => {
  const env = { NODE_COMPILE_CACHE: '', XDG_CACHE_HOME: folder }
  expect(await run(['--version'], env)).toMatchObject({ code: 0, stderr: '' })
  expect(await readdir(folder)).toEqual(['postmcp'])
  expect(await readdir(kept)).not.toEqual([])
  expect((await stat(kept)).mode & 0o777).toBe(0o700)
})

test.skipIf(process.geteuid?.() !== 0)(
  'nothing is kept in a folder of somebody else, for it is executed',
  async () => {
    await rm(kept, { recursive: true, force: true })
    await mkdir(kept, { recursive: true })
    await chown(kept, 65_534, 65_534)
    const env = { NODE_COMPILE_CACHE: '', XDG_CACHE_HOME: folder }
    expect(await run(['--version'], env)).toMatchObject({ code: 0, stderr: '' })
    expect(await readdir(kept)).toEqual([])
  },
)

test('a place where nothing can be kept is no hindrance', async () => {
  const { code, stdout, stderr } = await run(['--version'], {
    NODE_COMPILE_CACHE: '',
    XDG_CACHE_HOME: '/dev/null',
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^postmcp\//)
})

test('a reader that has seen enough is no failure', async () => {
  const { child, ended } = start(['--help'], {})
  child.stdout?.destroy()
  expect(await ended).toMatchObject({ code: 0, stderr: '' })
})
