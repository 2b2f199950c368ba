import { TokenError } from './token-error.js'
import type { TokenService } from './token-service.js'

/**
 * The codes and tokens of a platform as endpoints see them that serve one of its applications only, as where there are several ways
 * to it: they know none of the others, nor what was given to them.
 */
export function servingOnly(tokens: TokenService, clientId: string): TokenService {
  const refuseOthers = (proof: { clientId: string }) => {
    if (proof.clientId !== clientId)
      throw new TokenError('invalid_client', 'client_unknown', 'There is no such client.')
  }
  const narrowed: Partial<TokenService> = {
    client: (id) => (id === clientId ? tokens.client(id) : undefined),
    authenticateClient(proof) {
      refuseOthers(proof)
      return tokens.authenticateClient(proof)
    },
    exchangeCode(exchange) {
      refuseOthers(exchange)
      return tokens.exchangeCode(exchange)
    },
    inspect(accessToken) {
      const found = tokens.inspect(accessToken)
      return found.state !== 'unknown' && found.client.id !== clientId ? { state: 'unknown' } : found
    },
  }
  return new Proxy(tokens, {
    get(whole, name) {
      const found: unknown = Reflect.get(narrowed, name) ?? Reflect.get(whole, name, whole)
      return typeof found === 'function' ? found.bind(whole) : found
    },
  })
}
