/** Part of a file: from byte `start` up to and without byte `end`. */
export interface ByteRange {
  start: number
  end: number
}

/** Where the bytes of media live. Keys are made by us; the storage need not understand them. */
export interface MediaStorage {
  /** Stores what comes, whole or not at all: where the chunks break off with an error, nothing is left, and that error is thrown. */
  put(key: string, chunks: AsyncIterable<Uint8Array>): Promise<void>
  /**
   * The content, or a part of it, as it is read: nothing is held but the chunk at hand, and what is not read any more is let go.
   * Null when there is nothing under the key.
   */
  open(key: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | null>
  /** May be repeated; what is not there is deleted. */
  delete(key: string): Promise<void>
  /** How many bytes there is room for; null: nobody knows, or it is as good as endless. */
  free(): Promise<number | null>
  /** Removes what processes left behind that died while they stored something. */
  sweep(): Promise<void>
}
