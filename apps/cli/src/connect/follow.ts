import { type ConnectStep, isInBrowser, type PostMcp } from '@postmcp/sdk'
import { canAsk } from '../ask.js'
import { readFields, type Sources } from '../credentials.js'
import type { ApiAccess } from '../open-api.js'
import { renderWayToPage, renderWayToPlatform } from '../render/step.js'
import { chooseTargets } from './choose-targets.js'
import { completeByPaste } from './paste.js'

/** How far a command goes on by itself. */
export interface FollowOptions extends Sources {
  /** How long to wait for the browser; null: not at all. */
  waitMs: number | null
  /** Whether the address the browser ends at is pasted, for it cannot come back by itself. */
  isPasted: boolean
  /** Opens a page in the browser; null: the person does. */
  open: ((url: string) => void) | null
  /** Ends the wait; the connection stays. */
  signal: AbortSignal
  /** Tells the person something that is not the result. */
  say(text: string): void
}

/** Where a command got to. */
export interface Followed {
  step: ConnectStep
  /** Whether the browser was waited for until the time was over. */
  isTimeUp: boolean
}

/**
 * Goes from step to step as long as there is somebody or something here to go on with: a browser that is waited for, a variable, a
 * person at the terminal.
 * @throws PostMcpApiError what the connection failed for
 */
export async function follow(
  access: ApiAccess,
  first: ConnectStep,
  options: FollowOptions,
): Promise<Followed> {
  const { waitMs, isPasted, isJson, say } = options
  const until = Date.now() + (waitMs ?? 0)
  let there = access
  for (let step = first; ; ) {
    if (step.type === 'authorize') {
      // The connection is in the database: whichever server listens can complete it.
      if (!isPasted) there = await access.listening()
      show(step, options)
    }
    let next: ConnectStep | undefined
    if (isInBrowser({ step })) {
      if (step.type === 'authorize' && isPasted) {
        next = await completeByPaste(there.api, step.connectionId, isJson)
      } else if (waitMs !== null) {
        next = await afterBrowser(there.api, step, until, options)
        if (next && isInBrowser({ step: next })) return { step: next, isTimeUp: true }
      }
    } else if (step.type === 'input_required') {
      next = await giveFields(there.api, step, options)
    } else if (step.type === 'select_targets' && canAsk(isJson)) {
      next = await chooseTargets(there.api, step, say)
    }
    if (next === undefined) return { step, isTimeUp: false }
    step = next
  }
}

/** Shows the way to the page, unless that is the result anyway. */
function show(
  step: Extract<ConnectStep, { type: 'authorize' }>,
  { isPasted, waitMs, open, say }: FollowOptions,
): void {
  if (isPasted) say(renderWayToPlatform(step))
  else if (waitMs !== null) say(`${renderWayToPage(step)}\nWaiting for the browser …`)
  open?.(isPasted ? step.authorizationUrl : step.startUrl)
}

/** @returns the step after the browser; the same when the time was over; undefined when the wait was interrupted */
async function afterBrowser(
  api: PostMcp,
  { connectionId }: ConnectStep,
  until: number,
  { signal, say }: FollowOptions,
): Promise<ConnectStep | undefined> {
  try {
    const connection = await api.connections.waitUntilSettled(connectionId, {
      timeoutMs: until - Date.now(),
      signal,
      onUpdate: ({ step }) => {
        if (step?.type === 'awaiting_confirmation') {
          say('Somebody must confirm in the browser: it is not the one in which this was started.')
        }
      },
    })
    return connection.step ?? (await refusedBy(api, connectionId))
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}

/** A connection that is over refuses to go on, and says why and what to do. */
export const refusedBy = (api: PostMcp, connectionId: string): Promise<ConnectStep> =>
  api.connections.continue(connectionId, { fields: {} })

/** Gives what the server found to be missing, such as the password of an account that is reconnected. */
async function giveFields(
  api: PostMcp,
  step: Extract<ConnectStep, { type: 'input_required' }>,
  sources: Sources,
): Promise<ConnectStep> {
  const { platform } = await api.connections.get(step.connectionId)
  const fields = await readFields(await api.platforms.get(platform), step, sources)
  return api.connections.continue(step.connectionId, { fields })
}
