const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Characters as the server counts them: graphemes, each web address as a fixed number, remote mentions without their host. */
export function countCharacters(text: string, charactersPerUrl: number): number {
  const counted = text
    .replace(/https?:\/\/\S+/g, 'x'.repeat(charactersPerUrl))
    .replace(/(^|\s)@(\w+)@[\w.-]*\w/g, '$1@$2')
  return [...graphemes.segment(counted)].length
}
