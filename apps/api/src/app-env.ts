import type { Scope } from '@postmcp/core'

/** What a request carries through the app. */
export interface AppEnv {
  Bindings: {
    /** Set only by a caller inside this process, who then acts as this principal without an API key. */
    localPrincipal?: Scope
    /** Of the server that is announced in the data directory, which proves with it that it is the one. */
    serverNonce?: string
  }
  Variables: {
    requestId: string
    scope: Scope
  }
}
