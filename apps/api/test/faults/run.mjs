// The fault matrix: every request of a post to every platform meets every fault.
//   node apps/api/test/faults/run.mjs [--platform bluesky,x] [--fault "answer lost,SIGKILL after"] [--sources]
// Needs Node 24 and the built packages; with --sources the workers run the sources. Exit status 1 when a cell is wrong.
import { parseArgs } from 'node:util'
import { linesOf, runTests } from '../support/run-tests.mjs'
import { tablesOf } from './tables.ts'

const { values } = parseArgs({
  options: {
    platform: { type: 'string', multiple: true, default: [] },
    fault: { type: 'string', multiple: true, default: [] },
    sources: { type: 'boolean', default: false },
  },
})
const { reports, isGood } = await runTests('apps/api/test/faults/', 'FAULTS_REPORT', {
  FAULTS_WHOLE: '1',
  FAULTS_PLATFORMS: values.platform.join(','),
  FAULTS_FAULTS: values.fault.join(','),
  ...(values.sources && { POSTMCP_TEST_SOURCES: '1' }),
})
const { table, lines, isGood: areAllRight } = tablesOf(reports.flat())
for (const line of linesOf(table)) console.log(line)
for (const line of lines) console.log(line)
process.exitCode = isGood && areAllRight ? 0 : 1
