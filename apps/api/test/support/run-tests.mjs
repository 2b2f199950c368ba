import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/**
 * Runs tests as a command of their own, and reads what they report.
 * @param {string} files the start of their paths
 * @param {string} folderVariable by which they are told where to leave their reports
 * @param {Record<string, string>} env
 */
export async function runTests(files, folderVariable, env) {
  const folder = await mkdtemp(join(tmpdir(), 'postmcp-report-'))
  try {
    const vitest = fileURLToPath(import.meta.resolve('vitest/package.json')).replace(
      /package\.json$/,
      'vitest.mjs',
    )
    const child = spawn(process.execPath, [vitest, 'run', '--project', 'e2e', files], {
      cwd: root,
      env: { ...process.env, ...env, [folderVariable]: folder },
      stdio: 'inherit',
    })
    const [code] = await once(child, 'exit')
    const reports = []
    for (const name of (await readdir(folder)).sort()) {
      reports.push(JSON.parse(await readFile(join(folder, name), 'utf8')))
    }
    return { reports, isGood: code === 0 }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * A table whose columns are as wide as what stands in them.
 * @param {Record<string, Record<string, string | number>>} table cells by row and column
 */
export function linesOf(table) {
  const columns = [...new Set(Object.values(table).flatMap((row) => Object.keys(row)))]
  const rows = [
    ['', ...columns],
    ...Object.entries(table).map(([name, row]) => [
      name,
      ...columns.map((column) => String(row[column] ?? '')),
    ]),
  ]
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] + 2))
      .join('')
      .trimEnd(),
  )
}
