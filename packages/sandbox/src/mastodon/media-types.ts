/** Images an instance takes. */
export const IMAGE_TYPES: readonly string[] = [
  'image/jpeg',
  'image/png',
  'image/gif',
  'image/heic',
  'image/heif',
  'image/webp',
  'image/avif',
]

/** Videos an instance takes. */
export const VIDEO_TYPES: readonly string[] = ['video/webm', 'video/mp4', 'video/quicktime', 'video/x-m4v']

/** What an upload becomes; null: it is not taken. A GIF becomes a silent video. */
export function attachmentTypeOf(mimeType: string): 'image' | 'gifv' | 'video' | null {
  if (mimeType === 'image/gif') return 'gifv'
  if (IMAGE_TYPES.includes(mimeType)) return 'image'
  return VIDEO_TYPES.includes(mimeType) ? 'video' : null
}
