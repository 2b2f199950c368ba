import { expect } from 'vitest'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at by expectations, field by field
type Json = any

export interface Answer {
  status: number
  headers: Headers
  body: Json
  text: string
}

export interface CallOptions {
  /** API key; null: none. Default: that of the client. */
  key?: string | null
  idempotencyKey?: string
  /** Sent as it is instead of JSON. */
  raw?: { type: string; content: Uint8Array<ArrayBuffer> | string }
}

/** Calls a PostMCP API as any program would. */
export interface Client {
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer>
  /** The same, where anything but success is a failure of the test. */
  ok(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Json>
}

/** @param send `fetch` to a running server, or `app.request` */
export function clientOf(
  send: (path: string, init: RequestInit) => Response | Promise<Response>,
  apiKey: string,
): Client {
  async function call(
    method: string,
    path: string,
    body?: unknown,
    { key = apiKey, idempotencyKey, raw }: CallOptions = {},
  ): Promise<Answer> {
    const content = raw?.content ?? (body === undefined ? undefined : JSON.stringify(body))
    const response = await send(path, {
      method,
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(content !== undefined && { 'content-type': raw?.type ?? 'application/json' }),
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      },
      ...(content !== undefined && { body: content }),
    })
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : null,
    }
  }
  return {
    call,
    async ok(method, path, body, options) {
      const answer = await call(method, path, body, options)
      expect(answer.status, `${method} ${path}: ${answer.text}`).toBeLessThan(300)
      return answer.body
    },
  }
}

/** @param url of a running server */
export const clientOfServer = (url: string, apiKey: string): Client =>
  clientOf((path, init) => fetch(`${url}${path}`, init), apiKey)
