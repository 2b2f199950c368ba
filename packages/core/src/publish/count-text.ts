import type { TextUnit } from '../provider/post-limits.js'

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/**
 * How long a text is in a unit.
 * @param countWeighted the platform's own way of counting; default: as many as `graphemes`
 */
export function countText(text: string, unit: TextUnit, countWeighted?: (text: string) => number): number {
  switch (unit) {
    case 'utf8_bytes':
      return Buffer.byteLength(text, 'utf8')
    case 'utf16_units':
      return text.length
    case 'code_points':
      return [...text].length
    case 'weighted':
      if (countWeighted) return countWeighted(text)
      return countGraphemes(text)
    case 'graphemes':
      return countGraphemes(text)
  }
}

function countGraphemes(text: string): number {
  let count = 0
  for (const _ of segmenter.segment(text)) count++
  return count
}

/** What one and several of a unit are called. */
export const unitNames: Record<TextUnit, readonly [one: string, many: string]> = {
  graphemes: ['character', 'characters'],
  utf8_bytes: ['byte', 'bytes'],
  utf16_units: ['UTF-16 unit', 'UTF-16 units'],
  code_points: ['character', 'characters'],
  weighted: ['character', 'characters'],
}
