/** The refreshes under way in this process: one per grant, joined by all who need it, and waited for before leaving. */
export class RefreshFlights {
  readonly #flights = new Map<string, Promise<void>>()

  /** Starts the flight or joins the one under way. */
  join(grantId: string, start: () => Promise<void>): Promise<void> {
    const underWay = this.#flights.get(grantId)
    if (underWay) return underWay
    const flight = start().finally(() => this.#flights.delete(grantId))
    this.#flights.set(grantId, flight)
    return flight
  }

  /** Resolves when none is under way; errors are their callers' business. */
  async settled(): Promise<void> {
    while (this.#flights.size > 0) await Promise.allSettled(this.#flights.values())
  }
}
