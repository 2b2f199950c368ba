const remoteMention = /(?<=^|[^\p{L}\p{N}_/])@([\w.-]*\w)@[\w.-]*\w/gu

/** A text in which `@user@host` is `@user`, as instances count and show it. */
export const withoutHosts = (text: string): string => text.replaceAll(remoteMention, '@$1')

const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', amp: '&' }

/** The text of a post, of the HTML that instances show: addresses are there whole, though parts of them are hidden. */
export const plainText = (html: string): string =>
  html
    .replaceAll(/<br\s*\/?>|<\/p>/gi, '\n')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (whole, decimal, hex, name) => {
      if (name !== undefined) return entities[String(name).toLowerCase()] ?? whole
      const point = Number.parseInt(decimal ?? hex, decimal === undefined ? 16 : 10)
      return point <= 0x10ffff ? String.fromCodePoint(point) : whole
    })
