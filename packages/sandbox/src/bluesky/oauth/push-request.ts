import { isKnownScope } from '../permissions.js'
import type { AuthorizationRequest } from './authorization-requests.js'
import { isRegistered, readScopes } from './clients.js'
import { badToken, OAuthError } from './errors.js'
import type { OAuthCall } from './routes.js'

const invalid = (description: string) => new OAuthError('invalid_request', description)
const invalidScope = (description: string) => new OAuthError('invalid_scope', description)

/** Reads what a client wants to ask of a person. @throws OAuthError when it may not, or not so */
export function pushRequest({ form, client, clientAuth, thumbprint }: OAuthCall): AuthorizationRequest {
  const declaredKey = form.get('dpop_jkt')
  if (declaredKey !== null && thumbprint !== null && declaredKey !== thumbprint)
    throw badToken('Invalid DPoP key binding')
  const responseType = form.get('response_type')
  if (responseType !== 'code')
    throw new OAuthError('unsupported_response_type', `Unsupported response_type "${responseType}"`)
  const redirectUri =
    form.get('redirect_uri') ?? (client.redirectUris.length === 1 ? client.redirectUris[0] : undefined)
  if (redirectUri === undefined) throw invalid('redirect_uri is required')
  if (!isRegistered(client, redirectUri)) throw invalid(`Invalid redirect_uri ${redirectUri}`)
  const mode = form.get('response_mode') ?? 'query'
  if (mode !== 'query' && mode !== 'fragment') throw invalid(`Unsupported response_mode "${mode}"`)
  return {
    clientId: client.clientId,
    clientName: client.name,
    clientAuth,
    thumbprint: declaredKey ?? thumbprint,
    redirectUri,
    responseMode: mode,
    state: form.get('state'),
    scopes: scopesToAsk(readScopes(form.get('scope') ?? ''), client.scopes),
    codeChallenge: readChallenge(form),
  }
}

/** What the server does not understand is left out of the question. */
function scopesToAsk(asked: readonly string[], declared: readonly string[]): string[] {
  const undeclared = asked.find((scope) => !declared.includes(scope))
  if (undeclared !== undefined)
    throw invalidScope(`Scope "${undeclared}" is not declared in the client metadata`)
  if (!asked.includes('atproto')) throw invalidScope('The "atproto" scope is required')
  return asked.filter(isKnownScope)
}

function readChallenge(form: URLSearchParams): string {
  const challenge = form.get('code_challenge')
  if (challenge === null) throw invalid('Use of PKCE is required')
  if (form.get('code_challenge_method') !== 'S256')
    throw invalid('atproto requires use of "S256" code_challenge_method')
  return challenge
}
