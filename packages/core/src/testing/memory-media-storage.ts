import type { MediaStorage } from '../media/media-storage.js'

/** Media in memory, for tests that are about something else. */
export function memoryMediaStorage(): MediaStorage & { keys(): string[] } {
  const files = new Map<string, Buffer>()
  return {
    async put(key, chunks) {
      const all: Uint8Array[] = []
      for await (const chunk of chunks) all.push(chunk)
      files.set(key, Buffer.concat(all))
    },
    async open(key, range) {
      const file = files.get(key)
      if (!file) return null
      return (async function* () {
        yield new Uint8Array(range ? file.subarray(range.start, range.end) : file)
      })()
    },
    async delete(key) {
      files.delete(key)
    },
    free: async () => null,
    sweep: async () => {},
    keys: () => [...files.keys()],
  }
}
