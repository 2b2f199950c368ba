import { type GrantAccess, PlatformError, type ProviderContext } from '@postmcp/core'
import { z } from 'zod'
import { callFacebook } from './api.js'
import { classifyError } from './errors.js'

/**
 * Takes back everything the person allowed our app, for all their Pages.
 * @see https://developers.facebook.com/docs/graph-api/reference/user/permissions (2026-11-22)
 */
export async function revoke(ctx: ProviderContext, { subject, tokens }: GrantAccess): Promise<void> {
  try {
    await callFacebook(ctx, {
      path: `${subject}/permissions`,
      method: 'DELETE',
      token: tokens.accessToken,
      answer: z.object({ success: z.literal(true) }),
    })
  } catch (error) {
    if (!(error instanceof PlatformError && isGone(error))) throw error
  }
}

/** A token that was revoked has nothing left to take back; one that only ran out leaves the permissions behind. */
function isGone(error: PlatformError): boolean {
  const meaning = classifyError(error, 'revoke')
  return meaning.kind === 'grant_lost' && meaning.status === 'revoked'
}
