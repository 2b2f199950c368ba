import { expect, test } from 'vitest'
import { plain, properties, table } from './output.js'

test('a table is aligned on a terminal', () => {
  expect(
    table(
      ['ID', 'HANDLE'],
      [
        ['1', 'anna 👩‍👩‍👧'],
        ['22', null],
      ],
      true,
    ),
  ).toBe('ID  HANDLE\n1   anna 👩‍👩‍👧\n22  -')
})

test('elsewhere it is lines with tabs, without heading', () => {
  expect(
    table(
      ['ID', 'HANDLE'],
      [
        ['1', 'anna'],
        ['22', null],
      ],
      false,
    ),
  ).toBe('1\tanna\n22\t-')
})

test('properties that are not there are left out', () => {
  expect(
    properties(
      [
        ['Name', null],
        ['Id', 'x'],
      ],
      false,
    ),
  ).toBe('Id\tx')
  expect(
    properties(
      [
        ['Name', 'Anna'],
        ['Id', 'x'],
      ],
      true,
    ),
  ).toBe('Name  Anna\nId    x')
})

test.each([
  ['a colour', '\u001b[31mred\u001b[0m', 'red'],
  ['the title of the window', '\u001b]0;gotcha\u0007name', 'name'],
  ['a line break', 'one\r\ntwo', 'one two'],
  ['a reversal of direction', 'exe\u202Egpj', 'exe gpj'],
])('others cannot put %s on the terminal', (_, text, shown) => {
  expect(plain(text)).toBe(shown)
})
