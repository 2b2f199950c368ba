const addressLength = 23
const lightest: readonly [from: number, to: number][] = [
  [0, 4351],
  [8192, 8205],
  [8208, 8223],
  [8242, 8247],
]
const recommended = '\\p{RGI_Emoji}'
const emoji = new RegExp(recommended, 'gv')

/** Addresses with a scheme, as the platform finds them in a text; of those without one it knows none here. */
export const addressesIn = (text: string): string[] =>
  text.match(/https?:\/\/[^\s<>"'，。、（）]*[^\s<>"'.,;:!?)，。、（）]/gi) ?? []

/** How many characters a text has for the platform. @see https://docs.x.com/fundamentals/counting-characters */
export function countCharacters(text: string): number {
  const composed = text.normalize('NFC')
  const addresses = addressesIn(composed)
  const others = addresses.reduce((rest, address) => rest.replace(address, ''), composed)
  const signs = others.match(emoji)?.length ?? 0
  const letters = [...others.replaceAll(emoji, '')].map((letter) => letter.codePointAt(0) ?? 0)
  const weights = letters.map((point) =>
    lightest.some(([from, to]) => from <= point && point <= to) ? 1 : 2,
  )
  return addresses.length * addressLength + signs * 2 + weights.reduce<number>((sum, one) => sum + one, 0)
}
