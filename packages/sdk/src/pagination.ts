/** Which part of a list. */
export interface PageQuery {
  /** 1 to 100. Default 50. */
  limit?: number | undefined
  /** `nextCursor` of the page before. */
  after?: string | undefined
}

/** A list's page as it comes over the wire. */
export interface PageData<T> {
  data: T[]
  nextCursor?: string | null
}

/**
 * One page of a list. As an async iterable it goes on through the pages after it:
 * `for await (const account of await client.accounts.list()) …`
 */
export class Page<T> implements AsyncIterable<T> {
  readonly data: T[]
  /** Null on the last page. */
  readonly nextCursor: string | null
  readonly #read: (after: string) => Promise<Page<T>>

  constructor({ data, nextCursor = null }: PageData<T>, read: (after: string) => Promise<Page<T>>) {
    this.data = data
    this.nextCursor = nextCursor
    this.#read = read
  }

  /** @returns null after the last page */
  async nextPage(): Promise<Page<T> | null> {
    return this.nextCursor === null ? null : this.#read(this.nextCursor)
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    let page: Page<T> | null = this
    while (page) {
      yield* page.data
      page = await page.nextPage()
    }
  }
}

/** Reads a page. @param read asks the server for the page that a query names */
export async function readPage<T, Query extends PageQuery = PageQuery>(
  query: Query,
  read: (query: Query) => Promise<PageData<T>>,
): Promise<Page<T>> {
  return new Page(await read(query), (after) => readPage({ ...query, after }, read))
}
