import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Something that must be found nowhere, by a name that may be told. */
export interface Secret {
  name: string
  value: Buffer
}

export const textSecret = (name: string, text: string): Secret => ({ name, value: Buffer.from(text, 'utf8') })

/** Of a token only its signature: whoever has that and not the rest has nothing, and whoever has the rest can read it. */
export const tokenSecret = (name: string, jwt: string): Secret =>
  textSecret(name, jwt.slice(jwt.lastIndexOf('.') + 1))

/** What base64 makes of the bytes when they stand in the midst of others, at each of the three positions there are. */
function insideBase64(value: Buffer, encoding: 'base64' | 'base64url'): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), value]).toString(encoding)
    const wholeCharacters = Math.floor(((before + value.length) * 8) / 6)
    return text.slice(Math.ceil((before * 8) / 6), wholeCharacters)
  })
}

/** The forms in which a secret may hide. */
function formsOf(value: Buffer): Buffer[] {
  const text = value.toString('utf8')
  const isText = Buffer.from(text, 'utf8').equals(value)
  const forms = [
    ...insideBase64(value, 'base64'),
    ...insideBase64(value, 'base64url'),
    value.toString('hex'),
    value.toString('hex').toUpperCase(),
    ...(isText ? [encodeURIComponent(text), JSON.stringify(text).slice(1, -1), [...text].join('\0')] : []),
  ]
  const all = [value, ...forms.map((form) => Buffer.from(form, 'utf8'))]
  return all.filter((form, i) => all.findIndex((other) => other.equals(form)) === i)
}

export interface Search {
  /** Names of the secrets that can be read there, in whatever form. */
  in(haystack: Buffer | string): string[]
}

/** Looks for all of them at once: where no form begins, nothing is compared. */
export function searchFor(secrets: readonly Secret[]): Search {
  const begins = new Uint8Array(1 << 24)
  const byBegin = new Map<number, { name: string; form: Buffer }[]>()
  for (const { name, value } of secrets) {
    for (const form of formsOf(value)) {
      if (form.length < 3) throw new Error(`${name} is too short to be looked for.`)
      const begin = form.readUIntBE(0, 3)
      begins[begin] = 1
      byBegin.set(begin, [...(byBegin.get(begin) ?? []), { name, form }])
    }
  }
  return {
    in(haystack) {
      const bytes = typeof haystack === 'string' ? Buffer.from(haystack, 'utf8') : haystack
      const found = new Set<string>()
      let begin = 0
      for (let at = 0; at < bytes.length; at++) {
        begin = ((begin << 8) | (bytes[at] ?? 0)) & 0xffffff
        if (at < 2 || begins[begin] === 0) continue
        for (const { name, form } of byBegin.get(begin) ?? []) {
          if (bytes.subarray(at - 2, at - 2 + form.length).equals(form)) found.add(name)
        }
      }
      return secrets.map(({ name }) => name).filter((name) => found.has(name))
    },
  }
}

/** All files below a folder, by path, without the runs of zeros that a database preallocates. */
export async function* filesIn(folder: string): AsyncGenerator<{ path: string; bytes: Buffer }> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    // Temporary files of the server may go away meanwhile.
    const bytes = await readFile(path).catch(() => Buffer.alloc(0))
    yield { path, bytes: withoutEmptyPages(bytes) }
  }
}

const pageSize = 8192
const emptyPage = Buffer.alloc(pageSize)

function withoutEmptyPages(bytes: Buffer): Buffer {
  const kept: Buffer[] = []
  for (let at = 0; at < bytes.length; at += pageSize) {
    const page = bytes.subarray(at, at + pageSize)
    if (!page.equals(emptyPage)) kept.push(page)
  }
  return Buffer.concat(kept)
}
