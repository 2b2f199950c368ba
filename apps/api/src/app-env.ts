import type { Scope } from '@postmcp/core'

/** What a request carries through the app. */
export interface AppEnv {
  Bindings: {
    /** Set only by a caller inside this process, who then acts as this principal without an API key. */
    localPrincipal?: Scope
  }
  Variables: {
    requestId: string
    scope: Scope
  }
}
