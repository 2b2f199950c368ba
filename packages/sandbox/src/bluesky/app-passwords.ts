import type { Random } from '../random.js'
import { newAppPassword } from './accounts.js'

/** A password for one client. */
export interface AppPassword {
  name: string
  password: string
  /** Whether it also opens direct messages. */
  privileged: boolean
  createdAt: Date
}

const FOR_CLIENT = 'postmcp'

/** The app passwords of all accounts. */
export class AppPasswords {
  readonly #random: Random
  readonly #now: () => Date
  readonly #byPerson = new Map<string, AppPassword[]>()

  constructor(random: Random, now: () => Date) {
    this.#random = random
    this.#now = now
  }

  /** Newest first. */
  list(personId: string): readonly AppPassword[] {
    return this.#byPerson.get(personId)?.toReversed() ?? []
  }

  /** Null when there is one of this name already. */
  create(personId: string, name: string, privileged = false): AppPassword | null {
    const own = this.#byPerson.get(personId) ?? []
    if (own.some((one) => one.name === name)) return null
    const added = { name, password: newAppPassword(this.#random), privileged, createdAt: this.#now() }
    this.#byPerson.set(personId, [...own, added])
    return added
  }

  remove(personId: string, name: string): void {
    const own = this.#byPerson.get(personId) ?? []
    this.#byPerson.set(
      personId,
      own.filter((one) => one.name !== name),
    )
  }

  removeAll(personId: string): void {
    this.#byPerson.delete(personId)
  }

  find(personId: string, password: string): AppPassword | undefined {
    return this.list(personId).find((one) => one.password === password)
  }

  /** The one that a person gives to PostMCP; a new one where the last was taken away. */
  forClient(personId: string): AppPassword {
    const known = this.list(personId).find(({ name }) => name === FOR_CLIENT)
    const given = known ?? this.create(personId, FOR_CLIENT)
    if (!given) throw new Error('There is an app password that is not listed.')
    return given
  }
}
