import type { Context } from 'hono'
import { ApiError } from './errors.js'

/** Parameters of a request: JSON, a form, or the query. Lists may be written `name[]`. */
export interface Parameters {
  text(name: string): string | undefined
  list(name: string): string[]
  isTrue(name: string): boolean
  file(name: string): File | undefined
  names: string[]
  /** For keeping: everything but files. */
  plain: Record<string, unknown>
}

/** Reads the parameters of a request. @throws ApiError 400 when a JSON body is none */
export async function readParameters(c: Context): Promise<Parameters> {
  const values = new Map<string, unknown[]>()
  const add = (name: string, value: unknown) => {
    const key = name.replace(/\[\]$/, '')
    values.set(key, [...(values.get(key) ?? []), ...(Array.isArray(value) ? value : [value])])
  }
  for (const [name, value] of new URL(c.req.url).searchParams) add(name, value)
  const type = c.req.header('content-type') ?? ''
  if (type.startsWith('application/json')) for (const [name, value] of await readJson(c)) add(name, value)
  else if (type !== '') {
    const form = await c.req.formData().catch(() => new FormData())
    for (const [name, value] of form) add(name, value)
  }

  const isText = (value: unknown) => typeof value === 'string' || typeof value === 'number'
  const list = (name: string) => (values.get(name) ?? []).filter(isText).map(String)
  const text = (name: string) => list(name)[0]
  const plain = [...values].filter(([, all]) => !all.some((one) => one instanceof File))
  return {
    text,
    list,
    isTrue: (name) => values.get(name)?.[0] === true || ['true', '1'].includes(text(name) ?? ''),
    file: (name) => values.get(name)?.find((value) => value instanceof File),
    names: [...values.keys()],
    plain: Object.fromEntries(plain.map(([name, all]) => [name, all.length > 1 ? all : all[0]])),
  }
}

async function readJson(c: Context): Promise<[string, unknown][]> {
  const value: unknown = await c.req.json().catch(() => undefined)
  if (typeof value !== 'object' || value === null) throw new ApiError(400, 'The JSON could not be read')
  return Object.entries(value)
}
