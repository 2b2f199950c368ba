import type { Cell, Result } from './verdict.ts'

/** How a result is written in a table: what is not as it was meant to be stands beside the number of cells. */
const marks: [Result, string][] = [
  ['left_to_person', 'left'],
  ['failed', 'failed'],
  ['not_met', 'not met'],
  ['wrong', 'WRONG'],
]

const count = <T>(items: readonly T[], isOne: (item: T) => boolean) => items.filter(isOne).length

const written = (cells: readonly Cell[]): string => {
  if (cells.length === 0) return ''
  const notes = marks.flatMap(([result, mark]) => {
    const number = count(cells, (cell) => cell.result === result)
    return number > 0 ? [`${number} ${mark}`] : []
  })
  return [cells.length, ...(notes.length > 0 ? [`(${notes.join(', ')})`] : [])].join(' ')
}

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)]

/** The matrix for people. */
export interface Tables {
  /** Rows by platform, and the totals. */
  table: Record<string, Record<string, string | number>>
  /** What stands below it: every cell that is wrong, the requests after which a person is asked, the count. */
  lines: string[]
  isGood: boolean
}

/** Platforms by faults. */
export function tablesOf(cells: readonly Cell[]): Tables {
  const faults = unique(cells.map(({ fault }) => fault))
  const platforms = unique(cells.map(({ platform }) => platform)).sort()
  const rowOf = (mine: readonly Cell[]) => ({
    ...Object.fromEntries(faults.map((name) => [name, written(mine.filter(({ fault }) => fault === name))])),
    'left to a person': count(mine, ({ result }) => result === 'left_to_person'),
    duplicates: mine.reduce((sum, { duplicates }) => sum + duplicates, 0),
  })
  const rows = platforms.map((id) => [id, rowOf(cells.filter(({ platform }) => platform === id))] as const)
  const named = (cell: Cell) => `${cell.platform}, ${cell.step.method} ${cell.step.path}`
  const left = cells.filter(({ result }) => result === 'left_to_person')
  const wrong = cells.filter(({ result, duplicates }) => result === 'wrong' || duplicates > 0)
  return {
    table: Object.fromEntries([...rows, ['all', rowOf(cells)]]),
    lines: [
      ...unique(left.map(named)).map((name) => {
        const after = unique(left.filter((cell) => named(cell) === name).map(({ fault }) => fault))
        return `A person is asked after ${name}: ${after.join(', ')}`
      }),
      ...wrong.map((cell) => `WRONG: ${named(cell)}, ${cell.kind}, ${cell.fault}: ${cell.words}`),
      `${cells.length} cells, ${wrong.length} wrong.`,
    ],
    isGood: cells.length > 0 && wrong.length === 0,
  }
}
