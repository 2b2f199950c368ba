import { expect, test } from 'vitest'
import { renderFindings } from './findings.js'

test('what is wrong comes first, with what to do about it', () => {
  const text = renderFindings([
    { platform: 'x', way: null, check: 'reachable', status: 'ok', message: 'X answers.', fix: null },
    {
      platform: 'slack',
      way: 'partner',
      check: 'application',
      status: 'error',
      message: 'It is not accepted.',
      fix: 'Compare it.',
    },
    {
      platform: 'x',
      way: null,
      check: 'redirect_address',
      status: 'warning',
      message: 'It is odd.',
      fix: null,
    },
  ])
  const lines = text.split('\n').filter((line) => /^(x|slack)/.test(line))
  expect(lines.map((line) => line.split(/\t| {2,}/)[0])).toEqual(['slack (partner)', 'x', 'x'])
  expect(lines[0]).toContain('It is not accepted. Compare it.')
  expect(lines[1]).toContain('redirect address')
})
