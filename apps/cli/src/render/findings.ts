import type { Finding } from '@postmcp/sdk'
import { type Cell, plain, table } from '../output.js'

const styles = { ok: 'green', warning: 'yellow', error: 'red' } as const

/** What the doctor found, the worst first, each with what to do about it. */
export function renderFindings(findings: readonly Finding[]): string {
  const order = Object.keys(styles).reverse()
  const sorted = findings.toSorted((a, b) => order.indexOf(a.status) - order.indexOf(b.status))
  const rows = sorted.map(({ platform, way, check, status, message, fix }): Cell[] => [
    way === null ? platform : `${platform} (${way})`,
    check.replaceAll('_', ' '),
    { text: status, style: styles[status] },
    plain(fix === null ? message : `${message} ${fix}`),
  ])
  return table(['PLATFORM', 'WHAT', 'HOW', 'FOUND'], rows)
}
