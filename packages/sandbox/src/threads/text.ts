/** An emoji with everything that hangs on it: skin, hair, and others joined to it. */
const EMOJI =
  /[\u{1F1E6}-\u{1F1FF}]{2}|[0-9#*]\uFE0F?\u20E3|\p{Extended_Pictographic}[\uFE0F\p{Emoji_Modifier}]*(?:\u200D\p{Extended_Pictographic}[\uFE0F\p{Emoji_Modifier}]*)*/gu

/** Characters of a text, of which an emoji is as many as it has UTF-8 bytes. */
export function countCharacters(text: string): number {
  const emojis = text.match(EMOJI) ?? []
  const others = [...text.replace(EMOJI, '')].length
  return emojis.reduce((sum, emoji) => sum + Buffer.byteLength(emoji), others)
}

/** Different links of a post. */
export const countLinks = (text: string, attached?: string): number =>
  new Set([
    ...(text.match(/https?:\/\/[^\s)\]}>"']+/gi) ?? []),
    ...(attached === undefined ? [] : [attached]),
  ]).size
