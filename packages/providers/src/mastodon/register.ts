import type { AuthorizationServer, ProviderContext } from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'

const application = z.object({ client_id: z.string().min(1), client_secret: z.string().min(1).nullish() })

/**
 * Registers us at an instance, once for each redirect address and set of scopes. Nothing more is sent than every server knows:
 * some refuse fields they do not.
 * @see https://docs.joinmastodon.org/methods/apps/ (2026-11-22)
 */
export async function registerClient(
  ctx: ProviderContext,
  server: AuthorizationServer,
  { redirectUri, scopes }: { redirectUri: string; scopes: string[] },
): Promise<{ clientId: string; clientSecret: string | null }> {
  const { client_id: clientId, client_secret: clientSecret } = await callApi(ctx, {
    method: 'POST',
    url: String(server.settings.registrationUrl),
    // Here it is `scopes`; in the authorization request `scope`.
    form: { client_name: 'PostMCP', redirect_uris: redirectUri, scopes: scopes.join(' ') },
    answer: application,
  })
  return { clientId, clientSecret: clientSecret ?? null }
}
