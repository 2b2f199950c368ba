import type { PlatformKit } from '../../platform.js'
import type { ClientAuth } from './clients.js'

const PREFIX = 'urn:ietf:params:oauth:request_uri:'
const LIFE_SECONDS = 300

/** What a client left at the server before it sent the person there. @see RFC 9126 */
export interface AuthorizationRequest {
  clientId: string
  clientName: string
  clientAuth: ClientAuth
  /** Of the key that the tokens will be bound to; null where it is only known at the exchange. */
  thumbprint: string | null
  redirectUri: string
  responseMode: 'query' | 'fragment'
  state: string | null
  scopes: readonly string[]
  codeChallenge: string
}

/** Pushed authorization requests; each can be answered once. */
export class AuthorizationRequests {
  readonly #kit: PlatformKit
  readonly #pending = new Map<string, { request: AuthorizationRequest; expiresAt: number }>()

  constructor(kit: PlatformKit) {
    this.#kit = kit
  }

  push(request: AuthorizationRequest): { request_uri: string; expires_in: number } {
    const uri = `${PREFIX}req-${this.#kit.random.hex(32)}`
    this.#pending.set(uri, { request, expiresAt: this.#kit.now().getTime() + LIFE_SECONDS * 1000 })
    return { request_uri: uri, expires_in: LIFE_SECONDS }
  }

  /** Undefined when there is none, or its time has passed. */
  find(uri: string): AuthorizationRequest | undefined {
    const found = this.#pending.get(uri)
    return found && found.expiresAt > this.#kit.now().getTime() ? found.request : undefined
  }

  remove(uri: string): void {
    this.#pending.delete(uri)
  }
}
