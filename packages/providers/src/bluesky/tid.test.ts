import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTid, tidForm } from './tid.js'

const instants = fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true })

describe('a record key', () => {
  it('always has the form of a TID', () => {
    fc.assert(fc.property(instants, (now) => tidForm.test(createTid(now))))
  })

  it('carries its instant and clock id, and sorts by them', () => {
    const decode = (tid: string) =>
      [...tid].reduce((sum, char) => sum * 32n + BigInt('234567abcdefghijklmnopqrstuvwxyz'.indexOf(char)), 0n)
    fc.assert(
      fc.property(instants, fc.nat(999), fc.nat(1023), (now, micros, clockId) => {
        const value = decode(createTid(now, (below) => (below === 1000 ? micros : clockId)))
        expect(value >> 10n).toBe(BigInt(now.getTime()) * 1000n + BigInt(micros))
        expect(value & 1023n).toBe(BigInt(clockId))
      }),
    )
    fc.assert(
      fc.property(instants, instants, (a, b) => {
        fc.pre(a < b)
        expect(createTid(a) < createTid(b)).toBe(true)
      }),
    )
  })

  it('is the one the specification shows for an instant', () => {
    // 3jzfcijpj2z2a of https://atproto.com/specs/tid
    expect('3jzfcijpj2z2a').toMatch(tidForm)
    expect(createTid(new Date(0), () => 0)).toBe('2222222222222')
  })
})
