// Every kind of post at every platform of the sandbox, published and deleted:
//   node apps/api/test/publications/run.mjs [platform…]
// Needs Node 24. A cell is empty only where the platform has no such post. Exit status 1 when a cell is wrong.
import { linesOf, runTests } from '../support/run-tests.mjs'

const { reports, isGood } = await runTests('apps/api/test/publications/', 'PUBLICATIONS_REPORT', {
  PUBLICATIONS_PLATFORMS: process.argv.slice(2).join(','),
})
const cells = reports.flat()
const table = {}
for (const { platform, kind, whyNot, wrong, words } of cells) {
  table[platform] ??= {}
  table[platform][kind] = wrong !== null ? 'WRONG' : whyNot !== null ? '' : words
}
for (const line of linesOf(table)) console.log(line)
for (const { platform, kind, whyNot, wrong } of cells) {
  if (whyNot !== null) console.log(`${platform} has no ${kind}: ${whyNot}.`)
  if (wrong !== null) console.log(`WRONG: ${platform}, ${kind}: ${wrong}`)
}
const made = cells.filter(({ whyNot }) => whyNot === null)
console.log(`${made.length} publications, ${made.filter(({ wrong }) => wrong !== null).length} wrong.`)
process.exitCode = isGood && made.length > 0 ? 0 : 1
