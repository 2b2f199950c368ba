import type { ConnectStep } from '@postmcp/sdk'
import { canAsk } from '../ask.js'
import { BaseCommand } from '../base-command.js'
import type { Method, Values } from '../credentials.js'
import { exitCodeOf } from '../errors.js'
import type { ApiAccess } from '../open-api.js'
import { hasScreen, openBrowser } from '../open-browser.js'
import { renderStep } from '../render/step.js'
import { follow } from './follow.js'
import { longestWaitSeconds } from './way.js'

/** What the flags say of how far to go on. */
interface FollowValues {
  wait: number | undefined
  'no-wait': boolean
  paste: boolean
  open: boolean | undefined
}

/** The flags of a connect or reconnect. */
export type ConnectValues = Values &
  FollowValues & {
    way: string | undefined
    'redirect-uri': string | undefined
  }

/** What a connect and a reconnect have in common: from the first step on they are the same. */
export abstract class ConnectCommand extends BaseCommand {
  /** The API where it is heard when a browser comes back: that must be so before anyone is sent off. */
  protected async reachable(
    access: ApiAccess,
    method: Method | undefined,
    { paste }: FollowValues,
  ): Promise<ApiAccess> {
    return method === 'oauth2' && !paste ? access.listening() : access
  }

  /** Goes on as far as it goes, and shows where that is. Exits with 6 when the browser was not done in time. */
  protected async goOn(access: ApiAccess, first: ConnectStep, flags: FollowValues): Promise<ConnectStep> {
    const isJson = this.jsonEnabled()
    const opens = flags.open ?? (canAsk(isJson) && hasScreen(process.env))
    const { step, isTimeUp } = await follow(access, first, {
      env: process.env,
      isJson,
      waitMs: this.#waitMs(flags),
      isPasted: flags.paste,
      open: opens ? (url) => void openBrowser(url) : null,
      signal: this.signal,
      say: (text) => void process.stderr.write(`${text}\n`),
    })
    this.log(renderStep(step))
    if (isTimeUp) process.exitCode = exitCodeOf('request_timeout')
    return step
  }

  #waitMs({ wait, 'no-wait': isNotAwaited }: FollowValues): number | null {
    if (wait !== undefined) return wait * 1000
    const isAwaited = !isNotAwaited && process.stdout.isTTY === true && !this.jsonEnabled()
    return isAwaited ? longestWaitSeconds * 1000 : null
  }
}
