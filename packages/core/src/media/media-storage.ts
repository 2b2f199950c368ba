/** Where the bytes of media live. Keys are made by us; the storage need not understand them. */
export interface MediaStorage {
  /** Stores the bytes whole or not at all. */
  put(key: string, bytes: Uint8Array): Promise<void>
  /** Null when there is nothing under the key. */
  get(key: string): Promise<Uint8Array<ArrayBuffer> | null>
}
