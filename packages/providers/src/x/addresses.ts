import { domainToASCII } from 'node:url'
import tlds from 'tlds' with { type: 'json' }

/** A web address in a text, as X finds it. */
export interface FoundAddress {
  start: number
  end: number
}

const domains = new Set(tlds)
const longestDomain = Math.max(...tlds.map((name) => name.length))

/** Longest label of a name, as DNS has it: RFC 1035, section 2.3.4. */
const longestLabel = 63
const longestAddress = 4096
/** Beyond what DNS knows (RFC 1035, section 3.1), so that looking at a name never takes long. */
const longestHost = 1000
/** A link of X's own shortener ends after so many letters and digits. */
const ownLink = /^https?:\/\/t\.co\/([a-z0-9]+)(?:\?[^\s]*)?/i
const longestOwnSlug = 40

/** Accented letters count as those of ASCII do. */
const latin = 'À-ÖØ-öø-ɏɓɔɖɗəɛɣɨɯɲʉʋʻ\u0300-\u036FḀ-ỿ'
const hostLetter = `[\\p{L}\\p{M}\\p{N}\\p{So}]`

/** A scheme and what may be a name after it, or a name of ASCII alone. What may not stand before either is looked at first. */
const candidates = new RegExp(
  `(?<![A-Za-z0-9@＠$#＃])(?:(?<scheme>https?://)(?<host>(?:${hostLetter}|[._-])+)` +
    `|(?<![-_./${latin}])(?<bare>[a-z0-9${latin}-]+(?:\\.[a-z0-9${latin}-]+)*\\.(?:${hostLetter}|-)+))`,
  'giu',
)

/**
 * The web addresses in a text, which X makes shorter: with a scheme, or a name alone that ends in a domain there is. Where a
 * domain is newer than the list here, its addresses are counted as text.
 * @see https://docs.x.com/fundamentals/counting-characters, https://github.com/twitter/twitter-text conformance (2026-11-22)
 */
export function findAddresses(text: string): FoundAddress[] {
  const found: FoundAddress[] = []
  candidates.lastIndex = 0
  for (let match = candidates.exec(text); match; match = candidates.exec(text)) {
    const { scheme = '', host, bare = '' } = match.groups ?? {}
    const start = match.index
    const hostStart = start + scheme.length
    const length = hostLength(host ?? bare, text.slice(hostStart))
    if (length === null) continue
    const end = endOfPath(text, hostStart + length)
    const address = text.slice(start, end)
    const own = scheme === '' ? null : ownLink.exec(address)
    if (own && (own[1] ?? '').length > longestOwnSlug) continue
    const shown = own ? start + own[0].length : end
    const encoded = (scheme || 'https://').length + address.length - scheme.length - length
    if (encoded + domainToASCII(text.slice(hostStart, hostStart + length)).length > longestAddress) continue
    found.push({ start, end: shown })
    candidates.lastIndex = shown
  }
  return found
}

/** How much of a name is one that can exist: labels that may be, and a domain there is. Null: nothing of it. */
function hostLength(host: string, rest: string): number | null {
  if (host.length > longestHost) return null
  const labels = host.split('.')
  const good = labels.findIndex((label) => !isLabel(label, true))
  // The domain may be followed by what is no part of the name, so the last label that is looked at need not be good.
  const most = good === -1 ? labels.length - 1 : good
  for (let index = most; index >= 1; index--) {
    if (!isLabel(labels[index - 1] ?? '', false)) continue
    const before = labels.slice(0, index).join('.').length + 1
    const domain = domainAt(labels[index] ?? '', rest.slice(before))
    if (domain !== null) return before + domain.length
  }
  return null
}

/** Letters inside, hyphens between them; an underscore only where it is no registered name. */
function isLabel(label: string, isSubdomain: boolean): boolean {
  const inside = isSubdomain ? /^[^_-](?:.*[^_-])?$/su : /^[^_-](?:[^_]*[^_-])?$/su
  if (!inside.test(label)) return false
  const ascii = domainToASCII(label)
  return ascii.length > 0 && ascii.length <= longestLabel
}

/** The longest domain a label begins with, if nothing after it makes it another word. */
function domainAt(label: string, rest: string): string | null {
  const punycode = /^xn--[-0-9a-z]+/i.exec(label)?.[0]
  if (punycode !== undefined) return punycode
  for (let length = Math.min(label.length, longestDomain); length > 0; length--) {
    const domain = label.slice(0, length)
    if (domains.has(domain.toLowerCase()) && !/^[0-9a-z@+-]/i.test(rest.slice(length))) return domain
  }
  return null
}

const cyrillic = '\\u0400-\\u04FF'
const pathLetter = new RegExp(`[a-z0-9${cyrillic}${latin}!*';:=+,.$/%#[\\]\\-–_~@|&]`, 'iu')
const pathEnd = new RegExp(`[a-z0-9${cyrillic}${latin}+\\-=_#/]`, 'iu')
const queryLetter = /[a-z0-9!?*'@();:&=+$/%#[\]\-_.,~|]/i
const queryEnd = /[a-z0-9\-_&=#/]/i
const deepestBrackets = 2

/** Where an address ends that begins with a name: port, path, query, without the punctuation of the sentence around it. */
function endOfPath(text: string, from: number): number {
  const port = /^:[0-9]+/.exec(text.slice(from, from + 12))?.[0].length ?? 0
  let end = from + port
  if (text[end] === '/') end = walkPath(text, end)
  if (text[end] !== '?') return end
  let last = end
  for (let at = end + 1; at < text.length && queryLetter.test(text[at] ?? ''); at++) {
    if (queryEnd.test(text[at] ?? '')) last = at
  }
  return last === end ? end : last + 1
}

/** To the last letter a path may end with; brackets belong to it in pairs. */
function walkPath(text: string, from: number): number {
  let end = from + 1
  for (let at = from + 1; at < text.length; ) {
    const letter = text[at] ?? ''
    if (letter === '(') {
      const closed = endOfBrackets(text, at, 1)
      if (closed === null) return end
      at = closed
      end = closed
      continue
    }
    if (!pathLetter.test(letter)) return end
    at += 1
    if (pathEnd.test(letter)) end = at
  }
  return end
}

/** After the bracket that closes the one at `from`; null where none does, or they are too deep. */
function endOfBrackets(text: string, from: number, depth: number): number | null {
  if (depth > deepestBrackets) return null
  for (let at = from + 1; at < text.length; ) {
    const letter = text[at] ?? ''
    if (letter === ')') return at > from + 1 ? at + 1 : null
    if (letter === '(') {
      const closed = endOfBrackets(text, at, depth + 1)
      if (closed === null) return null
      at = closed
    } else if (pathLetter.test(letter)) at += 1
    else return null
  }
  return null
}
