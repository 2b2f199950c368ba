import type { ConnectStep, PostMcp, Target } from '@postmcp/sdk'
import { askWhich, askYesNo } from '../ask.js'
import { plain } from '../output.js'
import { renderAround } from '../render/step.js'

/** A prompt that was left with Ctrl-C. */
const wasLeft = (error: unknown): boolean => error instanceof Error && error.name === 'ExitPromptError'

const labelOf = ({ handle, displayName, kind, targetId }: Target): string =>
  plain(`${displayName ?? handle} (${kind}, ${displayName === null ? targetId : handle})`)

/**
 * Asks the person at the terminal what to connect.
 * @returns the next step; undefined when nothing was chosen, and the choice stays open
 */
export async function chooseTargets(
  api: PostMcp,
  step: Extract<ConnectStep, { type: 'select_targets' }>,
  say: (text: string) => void,
): Promise<ConnectStep | undefined> {
  const { targets, connectionId, instructions } = step
  for (const line of renderAround(step)) say(line)
  try {
    if (targets.length > 0) {
      const choices = targets.map((target) => ({ value: target.targetId, name: labelOf(target) }))
      const targetIds = await askWhich('What should be connected?', choices)
      if (targetIds.length > 0) return await api.connections.continue(connectionId, { targetIds })
    }
    if (instructions === null) return undefined
    say(plain(instructions))
    if (!(await askYesNo('Look again what there is?'))) return undefined
    return await api.connections.continue(connectionId, { refreshTargets: true })
  } catch (error) {
    if (wasLeft(error))
      say(`The choice stays open: postmcp accounts connect --connection ${connectionId} --target ID`)
    throw error
  }
}
