/** A body that is never held whole: its length, and its content piece by piece, anew for each call. */
export interface StreamBody {
  bytes: number
  open(): AsyncIterable<Uint8Array>
}

/** A stream on its way out. */
export interface OpenBody {
  content: AsyncIterable<Uint8Array>
  /** Why the content broke off, if it did. */
  failure(): unknown
  /** Lets go of what was not read. */
  close(): void
}

/**
 * Opens a body and reads its first piece: what cannot be read at all then fails before anything is sent. Content that is not as
 * long as was said breaks off.
 */
export async function openBody({ bytes, open }: StreamBody): Promise<OpenBody> {
  const source = open()[Symbol.asyncIterator]()
  let next = await source.next()
  let failure: unknown
  async function* content(): AsyncGenerator<Uint8Array> {
    try {
      let sent = 0
      while (!next.done) {
        sent += next.value.byteLength
        if (sent > bytes) throw new Error(`the content is longer than the ${bytes} bytes it was said to have`)
        if (next.value.byteLength > 0) yield next.value
        next = await source.next()
      }
      if (sent < bytes) throw new Error(`the content has ${sent} of the ${bytes} bytes it was said to have`)
    } catch (error) {
      failure = error
      throw error
    }
  }
  return {
    content: content(),
    failure: () => failure,
    close: () => void Promise.resolve(source.return?.()).catch(() => {}),
  }
}
