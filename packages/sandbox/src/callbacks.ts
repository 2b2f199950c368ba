import type { SandboxClock } from './sandbox-clock.js'
import type { Client } from './token-service.js'
import type { Person } from './world.js'

/** One thing a platform tells an application by calling it. */
export interface OutgoingCall {
  /** As the platform names it, such as `app_uninstalled`. */
  event: string
  /** Query with which the application registered the address for this, such as `request=data_deletion`. */
  query?: string
  /** Made anew for each try, for signatures carry their time. @param failedTries how often it was in vain so far */
  sign(at: Date, failedTries: readonly CallTry[]): { headers: Record<string, string>; body: string }
}

/** How a platform calls applications. */
export interface CallbackPolicy {
  /** How long it waits for an answer. */
  timeoutSeconds: number
  /** How long after each try in vain it tries again; then it gives up. Empty: it tries once. */
  retryAfterSeconds: readonly number[]
  /** Whether an answer ends the trying. Default: every 2xx does. */
  isSettled?(answer: Response): boolean
  /**
   * What it tells an application that a person had given access to. Empty: nothing.
   * @param why `person`: the person took it back; else the condition in which the platform now sees the person
   */
  onAccessRemoved(about: { person: Person; client: Client; why: string; now: Date }): OutgoingCall[]
  /** What it tells when the person wants everything deleted; absent: nothing is told of that. */
  onDeletionWanted?(about: { person: Person; client: Client; now: Date }): OutgoingCall[]
}

/** One try to deliver a call. */
export interface CallTry {
  at: Date
  /** Null: there was no answer. */
  status: number | null
  /** The start of the answer's body, or why there was none. */
  answer: string
}

/** A call and what became of it. */
export interface Delivery {
  event: string
  clientName: string
  /** Null: the application has configured none, so that nothing was sent. */
  url: string | null
  /** What was sent last. */
  body: string
  tries: CallTry[]
  /** Null: it arrived, was given up, or is on its way. */
  nextTryAt: Date | null
}

/** Deliveries that can be looked at; older ones are forgotten. */
const MAX_KEPT = 100
const MAX_SHOWN = 300
const LOOPBACK_HOSTS = ['127.0.0.1', '[::1]', 'localhost']

interface Waiting {
  delivery: Delivery
  call: OutgoingCall
  timer: NodeJS.Timeout
}

/** Calls applications as one platform does, and keeps what became of it. Nothing leaves this machine. */
export class Callbacks {
  readonly #policy: CallbackPolicy
  readonly #clock: SandboxClock
  readonly #reach: (address: string) => string
  readonly #closing = new AbortController()
  #deliveries: Delivery[] = []
  #waiting: Waiting[] = []

  /** @param reach where on this machine an address of an application is answered */
  constructor(policy: CallbackPolicy, clock: SandboxClock, reach: (address: string) => string) {
    this.#policy = policy
    this.#clock = clock
    this.#reach = reach
    clock.onAdvance(() => {
      const now = clock.now().getTime()
      this.#tryAgain(this.#waiting.filter(({ delivery }) => (delivery.nextTryAt?.getTime() ?? 0) <= now))
    })
  }

  /** Oldest first. */
  deliveries(): readonly Delivery[] {
    return this.#deliveries
  }

  /** Calls an application, now and as often as the platform tries. @param url as configured there; null: it is not */
  send(client: Client, url: string | null, call: OutgoingCall): void {
    const delivery: Delivery = {
      event: call.event,
      clientName: client.name,
      url: url === null || call.query === undefined ? url : `${url}?${call.query}`,
      body: call.sign(this.#clock.unmoved(), []).body,
      tries: [],
      nextTryAt: null,
    }
    this.#deliveries = [...this.#deliveries, delivery].slice(-MAX_KEPT)
    if (url !== null) void this.#attempt(delivery, call)
  }

  /** Ends all trying. */
  close(): void {
    this.#closing.abort()
    for (const { timer } of this.#waiting) clearTimeout(timer)
    this.#waiting = []
  }

  async #attempt(delivery: Delivery, call: OutgoingCall): Promise<void> {
    const at = this.#clock.unmoved()
    const { headers, body } = call.sign(at, delivery.tries)
    delivery.body = body
    delivery.nextTryAt = null
    const { isSettled, answer, status } = await this.#post(delivery.url ?? '', headers, body)
    if (this.#closing.signal.aborted) return
    delivery.tries = [...delivery.tries, { at, status, answer: answer.slice(0, MAX_SHOWN) }]
    const wait = this.#policy.retryAfterSeconds[delivery.tries.length - 1]
    if (isSettled || wait === undefined) return
    delivery.nextTryAt = new Date(this.#clock.now().getTime() + wait * 1000)
    const timer = setTimeout(() => this.#tryAgain([waiting]), wait * 1000)
    timer.unref()
    const waiting: Waiting = { delivery, call, timer }
    this.#waiting.push(waiting)
  }

  async #post(
    url: string,
    headers: Record<string, string>,
    body: string,
  ): Promise<Omit<CallTry, 'at'> & { isSettled: boolean }> {
    const inVain = (answer: string) => ({ status: null, answer, isSettled: false })
    const address = this.#reach(url)
    if (!isLoopback(address)) return inVain('Nobody answers there on this machine.')
    const timeout = AbortSignal.timeout(this.#policy.timeoutSeconds * 1000)
    try {
      const signal = AbortSignal.any([timeout, this.#closing.signal])
      const answer = await fetch(address, { method: 'POST', headers, body, redirect: 'manual', signal })
      const isSettled = this.#policy.isSettled?.(answer) ?? answer.ok
      return { status: answer.status, answer: await answer.text(), isSettled }
    } catch {
      return inVain(timeout.aborted ? 'No answer came in time.' : 'The connection failed.')
    }
  }

  #tryAgain(due: readonly Waiting[]): void {
    this.#waiting = this.#waiting.filter((one) => !due.includes(one))
    for (const { delivery, call, timer } of due) {
      clearTimeout(timer)
      void this.#attempt(delivery, call)
    }
  }
}

function isLoopback(address: string): boolean {
  const url = URL.parse(address)
  return url !== null && /^https?:$/.test(url.protocol) && LOOPBACK_HOSTS.includes(url.hostname)
}
