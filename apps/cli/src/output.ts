import { stripVTControlCharacters, styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** A cell of a table: words, or words in a colour. */
export type Cell = string | null | { text: string; style: Style }

/** Words of others, such as a display name, without what a terminal would obey. */
export const plain = (text: string): string =>
  stripVTControlCharacters(text).replaceAll(/[\p{Cc}\p{Bidi_Control}]+/gu, ' ')

/** In a style where the stream is a terminal that wants one (NO_COLOR is obeyed), else as it is. */
export const paint = (style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string =>
  styleText(style, text, { stream })

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const widthOf = (text: string): number => [...graphemes.segment(text)].length

const textOf = (cell: Cell): string => plain(typeof cell === 'string' ? cell : (cell?.text ?? '-'))
const painted = (cell: Cell, text: string): string =>
  typeof cell === 'object' && cell !== null ? paint(cell.style, text) : text

/** Rows in columns with a heading on a terminal; elsewhere lines with tabs, for other programs to cut. */
export function table(heading: string[], rows: Cell[][], isTerminal = process.stdout.isTTY === true): string {
  if (!isTerminal) return rows.map((row) => row.map(textOf).join('\t')).join('\n')
  const widths = heading.map((word, column) =>
    Math.max(widthOf(word), ...rows.map((row) => widthOf(textOf(row[column] ?? null)))),
  )
  const line = (cells: Cell[]) =>
    cells
      .map((cell, column) => {
        const text = textOf(cell)
        const isLast = column === cells.length - 1
        return painted(cell, text) + (isLast ? '' : ' '.repeat((widths[column] ?? 0) - widthOf(text)))
      })
      .join('  ')
  return [line(heading.map((text) => ({ text, style: 'dim' as const }))), ...rows.map(line)].join('\n')
}

/** One thing's properties, a line each; those that are null are left out. */
export function properties(
  pairs: [label: string, value: Cell][],
  isTerminal = process.stdout.isTTY === true,
): string {
  const shown = pairs.filter(([, value]) => value !== null)
  const width = isTerminal ? Math.max(...shown.map(([label]) => label.length)) + 2 : 0
  return shown
    .map(([label, value]) => {
      const text = painted(value, textOf(value))
      return isTerminal ? `${paint('dim', label.padEnd(width))}${text}` : `${label}\t${text}`
    })
    .join('\n')
}
