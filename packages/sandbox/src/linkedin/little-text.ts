const RESERVED = '|{}@[]()<>#\\*_~'

/**
 * What readers see of a text in the format of posts: escaped signs as they are, hashtags and mentions as their words. At a sign
 * that has a meaning and none here, the text ends.
 * @see https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format
 */
export function readLittleText(written: string): string {
  let shown = ''
  for (let rest = written; rest !== ''; ) {
    const part =
      /^\\(.)/s.exec(rest) ??
      /^\{hashtag\|\\?(#.*?)\}/s.exec(rest) ??
      /^@\[([^\]]*)\]\(urn:li:[^)]*\)/.exec(rest) ??
      /^(#[\p{L}\p{N}]+)/u.exec(rest)
    const first = rest.charAt(0)
    if (!part && RESERVED.includes(first)) return shown
    shown += part ? (part[1] ?? '').replace('|', '') : first
    rest = rest.slice(part?.[0].length ?? 1)
  }
  return shown
}
