/** Holds key-encryption keys and uses them; the keys themselves need not be in this process. */
export interface KeyProvider {
  /** The keys it can use, newest first. */
  listKeys(): Promise<{ id: string; fingerprint: string }[]>
  /** @param context bound into the result; unwrapping needs the same */
  wrap(kekId: string, dataKey: Buffer, context: readonly string[]): Promise<Buffer>
  /** Null when the key is not there or does not fit. */
  unwrap(kekId: string, wrapped: Buffer, context: readonly string[]): Promise<Buffer | null>
}
