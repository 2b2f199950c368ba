import type { Fetch } from '../request.js'

/** An answer, a network failure, or silence until the request is given up. */
export type Scripted = Response | Error | 'silence'

/** A JSON answer. */
export const answer = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(status === 204 ? null : JSON.stringify(body), { status, headers })

/** A problem document. */
export const problem = (code: string, status: number, more: Record<string, unknown> = {}): Response =>
  answer(
    {
      type: `urn:postmcp:error:${code}`,
      title: code,
      status,
      detail: `It is ${code}.`,
      nextAction: 'Do this.',
      requestId: 'req-1',
      code,
      ...more,
    },
    status,
  )

/** Gives the scripted answers in order, and keeps what was asked. */
export function scriptedFetch(...script: Scripted[]): { fetch: Fetch; requests: Request[] } {
  const requests: Request[] = []
  return {
    requests,
    fetch: async (request) => {
      const next = script[requests.length]
      requests.push(request)
      if (next === undefined) throw new Error('The script has no more answers.')
      if (next === 'silence') return new Promise(() => {})
      if (next instanceof Error) throw next
      return next
    },
  }
}
