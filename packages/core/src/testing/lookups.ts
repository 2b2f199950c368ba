import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'

const real = dns.lookup

type Callback = (error: Error | null, addresses?: dns.LookupAddress[]) => void

/** Answers name look-ups of this test file. @param answer the addresses; null when there is no such name */
export function answerLookups(answer: (name: string) => string[] | null): void {
  const lookup = (name: string, _options: unknown, callback: Callback) => {
    const found = answer(name)
    if (!found) return callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }))
    callback(
      null,
      found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
  dns.lookup = Object.assign(lookup, { __promisify__: real.__promisify__ }) as typeof dns.lookup
  syncBuiltinESMExports()
}

export function restoreLookup(): void {
  dns.lookup = real
  syncBuiltinESMExports()
}
