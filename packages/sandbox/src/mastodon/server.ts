import type { PlatformKit } from '../platform.js'
import type { VariantFacts } from './variants.js'

/** What a status was made from, for the answer. */
export interface StatusFacts {
  visibility: string
  language: string | null
  spoilerText: string
  sensitive: boolean
  inReplyToId: string | null
  clientName: string
}

/** One simulated instance: what its routes share. */
export interface Instance {
  kit: PlatformKit
  facts: VariantFacts
  /** By person and key: which status it made, and when. */
  idempotency: Map<string, { statusId: string; at: Date }>
  /** Uploads that are part of a status. */
  attached: Set<string>
  /** When an upload will be ready, by its id. */
  readyAt: Map<string, Date>
  /** Requests in the running window, by who asks and for what. */
  requests: Map<string, { count: number; endsAt: number }>
}

/** An instance in which nothing has happened. */
export const createInstance = (kit: PlatformKit, facts: VariantFacts): Instance => ({
  kit,
  facts,
  idempotency: new Map(),
  attached: new Set(),
  readyAt: new Map(),
  requests: new Map(),
})

/** An id in the form of this kind of server. */
export function createId({ kit, facts }: Instance): string {
  const order = kit.world.snowflake()
  switch (facts.ids) {
    case 'snowflake':
      return order
    case 'flake':
      return `A${BigInt(order).toString(36)}${kit.random.hex(5)}`
    case 'ulid':
      return `01${BigInt(order).toString(32).toUpperCase().padStart(12, '0')}${kit.random.digits(12)}`
    case 'hex':
      return BigInt(order).toString(16).padStart(16, '0') + kit.random.hex(16)
    case 'uuid':
      return kit.random.uuid()
  }
}
