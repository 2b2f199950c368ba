import { type HttpRequest, type HttpResponse, type ProviderContext, TransportError } from '@postmcp/core'

/** What went over the wire for a library that keeps it to itself. */
export interface Exchange {
  request: { url: string; form: URLSearchParams }
  /** How it ended; null while it runs. */
  outcome: HttpResponse | TransportError | null
}

/** A `fetch` for the library: our own guarded client, with a record of what was asked and answered. */
export function createGuardedFetch(ctx: ProviderContext): { fetch: typeof fetch; exchanges: Exchange[] } {
  const exchanges: Exchange[] = []
  return {
    exchanges,
    async fetch(input, init) {
      const request = new Request(input, init)
      const body = await request.text()
      const exchange: Exchange = {
        request: { url: request.url, form: new URLSearchParams(body) },
        outcome: null,
      }
      exchanges.push(exchange)
      try {
        const response = await ctx.http.within({ signal: request.signal }).request({
          method: request.method as HttpRequest['method'],
          url: request.url,
          headers: Object.fromEntries(request.headers),
          ...(body !== '' && { body }),
          maxBytes: 256 * 1024,
        })
        exchange.outcome = response
        const { status, headers, text } = response
        return new Response([204, 205, 304].includes(status) ? null : text, { status, headers })
      } catch (error) {
        if (error instanceof TransportError) exchange.outcome = error
        throw error
      }
    },
  }
}
