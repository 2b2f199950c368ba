import type { Pds } from '../pds.js'

/** The name of the authorization server: its origin. */
export const issuerOf = ({ kit }: Pick<Pds, 'kit'>): string => new URL(kit.base()).origin

/** Which server authorizes for this one: itself. @see https://www.rfc-editor.org/rfc/rfc9728 */
export const describeResource = (pds: Pds) => ({
  resource: issuerOf(pds),
  authorization_servers: [issuerOf(pds)],
  bearer_methods_supported: ['header'],
  scopes_supported: [],
  resource_documentation: 'https://atproto.com',
})

/** @see https://www.rfc-editor.org/rfc/rfc8414 */
export function describeServer(pds: Pds) {
  const issuer = issuerOf(pds)
  return {
    issuer,
    scopes_supported: ['atproto', 'transition:email', 'transition:generic', 'transition:chat.bsky'],
    subject_types_supported: ['public'],
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    request_parameter_supported: false,
    request_uri_parameter_supported: true,
    require_request_uri_registration: true,
    jwks_uri: `${issuer}/oauth/jwks`,
    authorization_endpoint: `${issuer}/oauth/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['ES256'],
    revocation_endpoint: `${issuer}/oauth/revoke`,
    pushed_authorization_request_endpoint: `${issuer}/oauth/par`,
    require_pushed_authorization_requests: true,
    dpop_signing_alg_values_supported: ['ES256'],
    client_id_metadata_document_supported: true,
  }
}
