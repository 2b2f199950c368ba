import type { Context } from 'hono'
import { PAGE_HEADERS, renderMessage } from '../../page.js'
import { isTakenDown } from '../accounts.js'
import type { Pds } from '../pds.js'
import type { AuthorizationRequest, AuthorizationRequests } from './authorization-requests.js'
import { issuerOf } from './metadata.js'

const WHY: readonly [start: string, why: string][] = [
  ['atproto', 'Know which account you are.'],
  ['repo:app.bsky.feed.post', 'Publish and delete posts.'],
  ['repo', 'Change what is in your repository.'],
  ['blob', 'Upload files.'],
  ['rpc', 'Act for you at other services.'],
  ['account:email', 'See your e-mail address.'],
  ['transition:email', 'See your e-mail address.'],
  ['transition:generic', 'All that an app password may do.'],
  ['transition:chat.bsky', 'Read and write direct messages.'],
]

/** Where a person answers a request that a client has left before. */
export function createAuthorizationPage(pds: Pds, requests: AuthorizationRequests) {
  const { kit } = pds
  return (c: Context): Response | Promise<Response> => {
    const uri = c.req.query('request_uri') ?? ''
    const request = requests.find(uri)
    const problem = !request
      ? 'Unknown request_uri'
      : request.clientId === c.req.query('client_id')
        ? null
        : 'This request was initiated for another client'
    if (!request || problem !== null)
      return c.html(renderMessage('An error occurred', problem ?? ''), 400, PAGE_HEADERS)

    const answer = (parameters: Record<string, string>) => {
      // A request is answered once, even where two pages show it.
      const isOpen = requests.find(uri) !== undefined
      requests.remove(uri)
      const given = isOpen
        ? parameters
        : { error: 'access_denied', error_description: 'This request was already authorized' }
      return addressOf(request, issuerOf(pds), given)
    }
    return kit.consent.ask(c, {
      clientName: request.clientName,
      scopes: request.scopes.map((name) => ({ name, required: name === 'atproto', ...whyOf(name) })),
      onAllow({ personId, scopes }) {
        const person = kit.world.person(personId)
        if (!person || isTakenDown(person) || person.condition === 'deleted')
          return new Response(String(renderMessage('Sign in', 'Invalid identifier or password')), {
            status: 400,
            headers: { ...PAGE_HEADERS, 'content-type': 'text/html; charset=utf-8' },
          })
        if (person.condition === 'deactivated')
          return answer({ error: 'access_denied', error_description: 'This account has been deactivated' })
        return answer({ code: createCode(pds, request, personId, scopes) })
      },
      onDeny: () => answer({ error: 'access_denied', error_description: 'The user rejected the request' }),
    })
  }
}

function whyOf(scope: string): { why?: string } {
  const found = WHY.find(
    ([start]) => scope === start || scope.startsWith(`${start}:`) || scope.startsWith(`${start}?`),
  )
  return found ? { why: found[1] } : {}
}

function createCode(
  { kit }: Pds,
  { clientId, clientName, clientAuth, thumbprint, redirectUri, codeChallenge }: AuthorizationRequest,
  personId: string,
  scopes: readonly string[],
): string {
  const { tokens } = kit
  if (!tokens.client(clientId))
    tokens.registerClient({ id: clientId, name: clientName, secrets: [], redirectUris: [] })
  const { method, kid, jkt } = clientAuth
  return tokens.createCode({
    clientId,
    redirectUri,
    personId,
    scopes,
    codeChallenge,
    codeChallengeMethod: 'S256',
    facts: { isOAuth: true, thumbprint, method, kid, jkt },
  })
}

function addressOf(
  { redirectUri, responseMode, state }: AuthorizationRequest,
  issuer: string,
  parameters: Record<string, string>,
): string {
  const all = new URLSearchParams({ iss: issuer, ...(state !== null && { state }), ...parameters })
  const url = new URL(redirectUri)
  if (responseMode === 'fragment') url.hash = String(all)
  else for (const [name, value] of all) url.searchParams.set(name, value)
  return url.href
}
