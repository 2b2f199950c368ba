const reserved = /[|{}@[\]()<>#\\*_~]/g
/** A word with a letter in it; with an underscore it could be read in two ways, so then it is none. */
const hashtag = /(?<![\p{L}\p{N}_&])#(?=[\p{L}\p{N}]*\p{L})[\p{L}\p{N}]+(?![_\p{L}\p{N}])/gu

/**
 * A text as the format of posts has it: what has a meaning there is escaped, else LinkedIn cuts the post off at that place.
 * Hashtags keep theirs.
 * @see https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format (2026-11-22)
 */
export function toLittleText(text: string): string {
  let written = ''
  let at = 0
  for (const { index, 0: tag } of text.matchAll(hashtag)) {
    written += escaped(text.slice(at, index)) + tag
    at = index + tag.length
  }
  return written + escaped(text.slice(at))
}

const escaped = (text: string) => text.replaceAll(reserved, '\\$&')

/** The text that a post shows, of what it is written as. */
export const fromLittleText = (written: string): string =>
  written
    .replaceAll(/\{hashtag\|\\?[#＃]\|((?:\\.|[^}\\])*)\}/gs, '#$1')
    .replaceAll(/@\[((?:\\.|[^\]\\])*)\]\([^)]*\)/gs, '$1')
    .replaceAll(/\\(.)/gs, '$1')
