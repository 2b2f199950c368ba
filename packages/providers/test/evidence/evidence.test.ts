import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { providers } from '../../src/index.js'
import { type Evidence, evidence, type PackageFolder, type Witness } from './evidence.js'

const root = fileURLToPath(new URL('../../../..', import.meta.url))

/** The version of a package as it is installed for a workspace, or for a package on the way from there. */
function installedVersion(name: string, [workspace, ...way]: PackageFolder): string {
  const folder = way.reduce(
    // Beside its own folder lies what a package has been given.
    (modules, step) => join(realpathSync(join(modules, step)), ...step.split('/').map(() => '..')),
    join(root, workspace, 'node_modules'),
  )
  const { version } = JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8'))
  return String(version)
}

it('is in test files that exist and name what they check against', () => {
  const wrong = evidence.flatMap(({ against, tests }) => {
    const name =
      against.kind === 'client' ? against.package : against.kind === 'description' ? against.file : ''
    return tests.filter((file) => {
      const path = join(root, file)
      return !existsSync(path) || !readFileSync(path, 'utf8').includes(name)
    })
  })
  expect(wrong).toEqual([])
})

it('is of the versions that are installed', () => {
  const named = evidence.flatMap(({ against }) => ('package' in against ? [against] : []))
  const installed = named.map((one) => ({ ...one, version: installedVersion(one.package, one.via) }))
  expect(named).toEqual(installed)
})

const say = (against: Witness): string => {
  if (against.kind === 'fact page') return 'its documentation only'
  if (against.kind === 'description') return `${against.name}, \`${against.file}\` of ${against.state}`
  return `${against.name}, \`${against.package}\` ${against.version}`
}

function section(name: string, ofPlatform: readonly Evidence[]): string {
  const rows = ofPlatform.map(
    ({ checked, against, tests }) =>
      `| ${checked} | ${say(against)} | ${tests.map((file) => `[${file}](../${file})`).join('<br>')} |`,
  )
  return [`## ${name}`, '', '| checked | against | in |', '|---|---|---|', ...rows].join('\n')
}

it('docs/evidence.md says what there is', async () => {
  const of = (id: string) => evidence.filter(({ platform }) => platform === id)
  const named = providers.map(({ manifest: { id, name } }) => ({ id, name }))
  expect(evidence.map(({ platform }) => platform).filter((id) => id !== 'oauth')).toEqual(
    expect.arrayContaining(named.map(({ id }) => id)),
  )
  const page = `# Evidence

State of 2026-11-22. Made from \`packages/providers/test/evidence/evidence.ts\` by a test, which looks that each test file is there and each package is installed in the version named; do not edit.

A simulated platform is only as good as what it was held against. Every provider runs through one suite against the sandbox; this page lists what was checked against something that was **not made here**, and where there is no such thing. What no server, client or description covers follows the documentation of the platform, listed in [platforms.md](platforms.md). No check has used an account at the real platforms.

Descriptions are checked where \`POSTMCP_SPECS_DIR\` names their folder; CI always does. Where they are known to be wrong or old, the test says so with a reason.

${section('OAuth, for all that use it as the standard says', of('oauth'))}

${named.map(({ id, name }) => section(name, of(id))).join('\n\n')}
`
  await expect(page).toMatchFileSnapshot('../../../../docs/evidence.md')
})
