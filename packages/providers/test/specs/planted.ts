import { type JsonObject, objectOf } from './json.js'
import type { Recorded } from './recorded.js'

/** An error put into a good exchange, which has to be found. */
export interface Planted {
  name: string
  /** The call it is put into, such as `GET /2/users/me`. */
  call: string
  /** The answer it is put into, or that the changed request got. */
  status: number
  change(good: Recorded): Recorded
  /** Part of what has to be said about it. */
  problem: string
}

/** Changes the query of a request. */
export const inQuery =
  (edit: (query: URLSearchParams) => void): Planted['change'] =>
  ({ request, answer }) => {
    const url = new URL(request.url)
    edit(url.searchParams)
    return { request: { ...request, url: url.href }, answer }
  }

/** Changes the path of a request. */
export const inPath =
  (from: string | RegExp, to: string): Planted['change'] =>
  ({ request, answer }) => {
    const url = new URL(request.url)
    url.pathname = url.pathname.replace(from, to)
    return { request: { ...request, url: url.href }, answer }
  }

/** Changes the form that a request sends. */
export const inForm =
  (edit: (fields: URLSearchParams) => void): Planted['change'] =>
  ({ request, answer }) => {
    const fields = new URLSearchParams(String(request.body))
    edit(fields)
    return { request: { ...request, body: fields.toString() }, answer }
  }

/** Changes the JSON that a request sends. */
export const inJson =
  (edit: (body: JsonObject) => void): Planted['change'] =>
  ({ request, answer }) => {
    const { body: sent = '' } = request
    const text = typeof sent === 'string' ? sent : Buffer.from(sent).toString()
    const json = objectOf(request.json ?? JSON.parse(text))
    edit(json)
    const { body: _, ...rest } = request
    return { request: { ...rest, json }, answer }
  }

/** Changes the bytes that a request sends. */
export const inBytes =
  (from: string, to: string): Planted['change'] =>
  ({ request, answer }) => {
    const { body = '' } = request
    const bytes = Buffer.from(typeof body === 'string' ? Buffer.from(body) : body)
    const changed = Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1')
    return { request: { ...request, body: new Uint8Array(changed) }, answer }
  }

/** Leaves out a header. */
export const without =
  (header: string): Planted['change'] =>
  ({ request, answer }) => {
    const headers = Object.fromEntries(
      Object.entries(request.headers ?? {}).filter(([name]) => name.toLowerCase() !== header),
    )
    return { request: { ...request, headers }, answer }
  }

/** Changes the JSON of an answer. */
export const inAnswer =
  (edit: (body: JsonObject) => void): Planted['change'] =>
  ({ request, answer }) => {
    edit(objectOf(answer.json))
    return { request, answer }
  }

/** Gives an answer another status. */
export const withStatus =
  (status: number): Planted['change'] =>
  ({ request, answer }) => ({ request, answer: { ...answer, status } })
