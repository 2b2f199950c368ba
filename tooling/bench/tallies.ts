import type { FromWorker, Tally } from './messages.js'

/** What all processes did together, those included that were killed. */
export class Tallies {
  uses = 0
  readonly failures = new Map<string, number>()

  /** For `onMessage` of a worker. */
  readonly listen = (message: FromWorker): void => {
    if (message.type === 'tally' || message.type === 'done') this.#add(message.tally)
  }

  #add({ uses, failures }: Tally): void {
    this.uses += uses
    for (const [code, count] of Object.entries(failures)) {
      this.failures.set(code, (this.failures.get(code) ?? 0) + count)
    }
  }

  /** In words; empty: none. */
  get failuresInWords(): string {
    return [...this.failures].map(([code, count]) => `${count} ${code}`).join(', ')
  }
}
