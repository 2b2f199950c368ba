import { PostMcpApiError } from './errors.js'
import { sleep } from './sleep.js'

/** Answers of a server, or of something before it, that a repetition may get past. */
const passingStatuses: readonly (number | null)[] = [408, 429, 502, 503, 504]

/** Longest wait before a repetition; whoever is told to wait longer is told so by the error. */
const maxWaitMs = 20_000

/** How long a first request with the same Idempotency-Key is waited for. */
const maxInProgressMs = 150_000

export interface RetryPolicy {
  /** Whether doing it twice does no more than doing it once. */
  isRepeatable: boolean
  /** Repetitions after the first try. */
  maxRetries: number
  signal: AbortSignal | undefined
}

/**
 * Runs a call until it succeeds, cannot be repeated, or was repeated often enough. A first request that still runs under the same
 * Idempotency-Key is waited for, which is no repetition.
 * @throws what the last try threw
 */
export async function withRetries<T>(policy: RetryPolicy, run: () => Promise<T>): Promise<T> {
  const waitedUntil = Date.now() + maxInProgressMs
  for (let retries = 0; ; ) {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof PostMcpApiError)) throw error
      const isInProgress = error.code === 'idempotency_in_progress' && Date.now() < waitedUntil
      if (!isInProgress) {
        if (!policy.isRepeatable || retries >= policy.maxRetries || !mayPass(error)) throw error
        retries += 1
      }
      const waitMs = isInProgress ? 1000 : retryWaitMs(error, retries)
      if (waitMs > maxWaitMs) throw error
      await sleep(waitMs, policy.signal)
    }
  }
}

/** Whether a repetition may succeed. An answer that names a platform is the platform's: repeating it is not ours to decide. */
function mayPass(error: PostMcpApiError): boolean {
  if (error.platform !== undefined) return false
  return (
    (error.code === 'server_unreachable' && error.status === null) ||
    error.code === 'request_timeout' ||
    passingStatuses.includes(error.status)
  )
}

/**
 * How long to wait before a repetition: as long as the server asks, else a random time below a bound that doubles.
 * @param retry 1 for the first repetition
 */
function retryWaitMs(error: PostMcpApiError, retry: number): number {
  if (error.retryAfter) return Math.max(0, error.retryAfter.getTime() - Date.now())
  const boundMs = Math.min(8000, 250 * 2 ** retry)
  return boundMs * (0.5 + Math.random() / 2)
}
