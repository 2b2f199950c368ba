import { type ConnectStep, type PostMcp, PostMcpApiError } from '@postmcp/sdk'
import { askText, canAsk } from '../ask.js'
import { cliError } from '../errors.js'
import { readStdin } from '../stdin.js'

/** The address the browser ended at: asked for at a terminal, else read from standard input. */
async function readAddress(connectionId: string, isJson: boolean): Promise<string> {
  const address = canAsk(isJson) ? await askText('Address the browser ended at:') : await readStdin('--paste')
  if (URL.canParse(address.trim())) return address.trim()
  throw cliError(
    'invalid_request',
    'What was pasted is not an address.',
    `Copy the whole address from the address bar, beginning with http, and go on: postmcp accounts connect --connection ${connectionId} --paste`,
  )
}

/**
 * Completes a connection with the address that the browser was sent back to. Where a server heard of it meanwhile, the connection is
 * taken as it then stands.
 * @throws PostMcpApiError `invalid_request` for an address of something else, and what the authorization failed for
 */
export async function completeByPaste(
  api: PostMcp,
  connectionId: string,
  isJson: boolean,
): Promise<ConnectStep> {
  const callbackUrl = await readAddress(connectionId, isJson)
  try {
    return await api.connections.continue(connectionId, { callbackUrl })
  } catch (error) {
    if (!(error instanceof PostMcpApiError) || error.code !== 'connection_not_open') throw error
    const { step } = await api.connections.get(connectionId)
    if (step === null || step.type === 'authorize') throw error
    return step
  }
}
