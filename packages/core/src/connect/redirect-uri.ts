import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import type { Manifest } from '../provider/manifest.js'
import type { OAuthClient, Workspace } from '../store/store.js'
import { digest } from './secret-token.js'

const isLoopback = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && /^(127\.0\.0\.1|\[::1\]|localhost)$/.test(hostname)

/**
 * The address the platform sends the browser back to.
 * @throws PostMcpError `redirect_uri_not_allowed` that lists the allowed ones; `public_url_required` when the platform takes none of them
 */
export function chooseRedirectUri(
  core: CoreContext,
  { id, name, connect }: Manifest,
  mode: Workspace['mode'],
  asked: string | undefined,
): string {
  const { redirectUris } = core
  if (asked !== undefined && !redirectUris.includes(asked)) {
    throw new PostMcpError(
      'redirect_uri_not_allowed',
      `${asked.slice(0, 200)} is not allowed. Allowed: ${redirectUris.join(', ')}.`,
    )
  }
  const fits = (uri: string) => {
    const url = new URL(uri)
    if (url.protocol === 'https:' || mode === 'sandbox') return true
    return connect.oauth2?.redirect === 'loopback_ok' && isLoopback(url)
  }
  const chosen = asked === undefined ? redirectUris.find(fits) : fits(asked) ? asked : undefined
  if (chosen !== undefined) return chosen
  throw new PostMcpError(
    'public_url_required',
    `${name} sends people back to https addresses only, and this installation has none.`,
    { platform: id },
  )
}

/** Which of the allowed addresses one is, that may have been given the name of a server; undefined: none any more. */
export function allowedOf({ redirectUris }: CoreContext, redirectUri: string): string | undefined {
  const bare = new URL(redirectUri)
  bare.searchParams.delete('server')
  return redirectUris.find((uri) => new URL(uri).href === bare.href)
}

/** The same for a workspace's own application: where it brings addresses of its own, the operator did not choose the server. */
export const redirectUriOfClient = (redirectUri: string, own: OAuthClient | null): string =>
  own !== null && Object.keys(own.endpoints).length > 0
    ? redirectUriOfServer(redirectUri, own.id)
    : redirectUri

/**
 * The address at which a browser comes back from a server that a user chose: our own with the server's name in it. Such a server
 * may send people on to another one's consent page, and would be handed the code they come back with; with an address for each,
 * the code comes to one that is not its own, and nobody is handed it.
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.4.2.2
 */
export function redirectUriOfServer(redirectUri: string, server: string): string {
  const url = new URL(redirectUri)
  url.searchParams.set('server', digest(server).toString('base64url').slice(0, 16))
  return url.href
}
