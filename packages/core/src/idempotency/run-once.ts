import { randomUUID } from 'node:crypto'
import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import type { Scope } from '../model/scope.js'
import type { StoreOperations } from '../store/store.js'

/** How long a request may run before its key can be taken over by a repetition. */
const claimSeconds = 120

/** Writes down, in the transaction that makes the result, that the request is done. */
export type Complete = (tx: StoreOperations, resultId: string) => Promise<void>

/**
 * Runs a request at most once per Idempotency-Key: a repetition gets the first one's result, while that is running
 * `idempotency_in_progress`, and with another request under the same key `idempotency_key_reused`. Keys live 24 hours. A request
 * that fails leaves no trace and may be repeated, corrected or not, under the same key.
 * @param request all that makes the request what it is; it may hold secrets, only a keyed digest is kept
 * @param work does the thing; must call `complete` in the transaction that makes the result
 * @param replay reads the result of an earlier run
 */
export async function runOnce<T>(
  core: CoreContext,
  scope: Scope,
  call: { key: string | undefined; verb: string; request: unknown },
  work: (complete: Complete) => Promise<T>,
  replay: (resultId: string) => Promise<T>,
): Promise<T> {
  const { key } = call
  if (key === undefined) return work(async () => {})
  if (key.length === 0 || key.length > 255) {
    throw new PostMcpError('invalid_request', 'An Idempotency-Key has 1 to 255 characters.')
  }
  const { idempotency } = core.store
  const box = await core.vault.unlock(scope.workspaceId)
  const fingerprint = box.fingerprint('idempotency', JSON.stringify(call.request))
  const owner = randomUUID()
  const claim = await idempotency.claim(scope.workspaceId, key, {
    verb: call.verb,
    fingerprint,
    owner,
    seconds: claimSeconds,
  })
  if (claim.state === 'done') return replay(claim.resultId)
  if (claim.state === 'running') {
    throw new PostMcpError('idempotency_in_progress', 'A request with this Idempotency-Key is still running.')
  }
  if (claim.state === 'mismatch') {
    throw new PostMcpError(
      'idempotency_key_reused',
      'This Idempotency-Key was used for a different request. Nothing was done.',
    )
  }
  try {
    return await work(async (tx, resultId) => {
      if (await tx.idempotency.complete(scope.workspaceId, key, owner, resultId)) return
      throw new PostMcpError(
        'idempotency_in_progress',
        'A repetition of this request took over. Nothing was done here.',
      )
    })
  } catch (error) {
    // When the database is gone the claim runs out by itself.
    await idempotency.release(scope.workspaceId, key, owner).catch(() => {})
    throw error
  }
}
