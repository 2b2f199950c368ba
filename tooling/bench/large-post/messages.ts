/** A file of a post as a platform has it. */
export interface PlatformFile {
  platform: string
  /** Of the post. */
  text: string
  bytes: number
  sha256: string
}

export type ToPlatforms = { type: 'files' }
export type FromPlatforms =
  | {
      type: 'ready'
      /** What an operator sets for the product to find them. */
      env: Record<string, string>
      /** Takes any bytes and answers with their hash. */
      bareUrl: string
    }
  | { type: 'files'; files: PlatformFile[] }
