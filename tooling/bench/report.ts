/** What a run showed. */
export interface Report {
  title: string
  /** Conditions a reader must know to judge the figures. */
  conditions: string
  figures: [label: string, value: string | number][]
  /** Expectations that were not met, in words; empty: all were. */
  broken: string[]
}

/** Collects what was expected and did not come. */
export class Expectations {
  readonly broken: string[] = []

  equal(what: string, actual: number | string, expected: number | string): void {
    if (actual !== expected) this.broken.push(`${what}: ${actual}, expected ${expected}`)
  }

  below(what: string, actual: number, bound: number): void {
    if (actual >= bound) this.broken.push(`${what}: ${actual}, expected less than ${bound}`)
  }

  none(what: string, found: readonly string[]): void {
    if (found.length > 0)
      this.broken.push(`${what}: ${found.length}, expected none (${found.slice(0, 5).join(', ')})`)
  }
}

export function print({ title, conditions, figures, broken }: Report): void {
  const width = Math.max(...figures.map(([label]) => label.length)) + 2
  console.log(`\n${title}\n${conditions}`)
  for (const [label, value] of figures) console.log(`  ${label.padEnd(width)}${value}`)
  if (broken.length === 0) console.log('  as expected')
  for (const line of broken) console.log(`  NOT AS EXPECTED  ${line}`)
}

/** To a reader's precision. */
export const rounded = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(2))
