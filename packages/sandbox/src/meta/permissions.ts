import type { ConsentDecision } from '../consent.js'
import type { Grant } from '../token-service.js'

/** What people were asked for and said no to. The dialog passes over that, unless it is told to ask again. */
export class Permissions {
  readonly #declined = new Map<string, Set<string>>()

  /** What is left of a decision, and remembers what was declined. */
  decide(
    clientId: string,
    decision: ConsentDecision,
    asked: readonly string[],
    asksAgain: boolean,
  ): ConsentDecision {
    const declined = this.#of(clientId, decision.personId)
    const scopes = decision.scopes.filter((scope) => asksAgain || !declined.has(scope))
    for (const scope of asked) {
      if (scopes.includes(scope)) declined.delete(scope)
      else declined.add(scope)
    }
    return { ...decision, scopes }
  }

  /** As `/me/permissions` answers. */
  describe({
    clientId,
    personId,
    scopes,
  }: Pick<Grant, 'clientId' | 'personId'> & { scopes: readonly string[] }) {
    const declined = [...this.#of(clientId, personId ?? '')].filter((scope) => !scopes.includes(scope))
    return [
      ...scopes.map((permission) => ({ permission, status: 'granted' })),
      ...declined.map((permission) => ({ permission, status: 'declined' })),
    ]
  }

  /** Everything was taken back: next time all is asked. */
  forget(clientId: string, personId: string): void {
    this.#declined.delete(`${clientId} ${personId}`)
  }

  #of(clientId: string, personId: string): Set<string> {
    const key = `${clientId} ${personId}`
    const declined = this.#declined.get(key) ?? new Set()
    this.#declined.set(key, declined)
    return declined
  }
}
