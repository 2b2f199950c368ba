import type { Context } from 'hono'
import type { ConsentChoice, ConsentDecision } from '../consent.js'
import { PAGE_HEADERS, renderMessage } from '../page.js'
import type { PlatformKit } from '../platform.js'

/** How a consent window of Meta differs. */
export interface DialogOptions {
  /** What can be asked for, and what it lets the client do. */
  scopes: Readonly<Record<string, string>>
  /** Scopes without which nothing is granted. */
  required: readonly string[]
  choose?: ConsentChoice
  /** What stands at the end of the address people are sent back to. */
  fragment: string
  /** Words for an unknown application. */
  unknownClient: string
  /** Words for a redirect address that is not registered. */
  redirectRefused?: string
  /** Changes a decision before a code is made of it. */
  adjust?(decision: ConsentDecision, asked: readonly string[]): ConsentDecision
}

const URL_BLOCKED =
  'URL Blocked: This redirect failed because the redirect URI is not whitelisted in the app’s Client OAuth Settings.'

/** Asks a person on a consent window of Meta. Faulty requests end on a page of the platform and are sent back to nobody. */
export function askByDialog(kit: PlatformKit, c: Context, options: DialogOptions) {
  const { tokens, consent } = kit
  const query = new URL(c.req.url).searchParams
  const refuse = (text: string) =>
    c.html(renderMessage('Sorry, something went wrong.', text), 400, PAGE_HEADERS)
  const client = tokens.client(query.get('client_id') ?? '')
  if (!client) return refuse(options.unknownClient)
  const redirectUri = query.get('redirect_uri') ?? ''
  if (!tokens.allowsRedirect(client, redirectUri)) return refuse(options.redirectRefused ?? URL_BLOCKED)
  if (query.get('response_type') !== 'code') return refuse('The parameter response_type must be "code".')
  const asked = (query.get('scope') ?? '').split(/[\s,]+/).filter(Boolean)
  const unknown = asked.filter((scope) => !Object.hasOwn(options.scopes, scope))
  if (asked.length === 0 || unknown.length > 0) return refuse(`Invalid Scopes: ${unknown.join(', ')}.`)

  const back = (parameters: Record<string, string>) => {
    const url = new URL(redirectUri)
    const state = query.get('state')
    for (const [name, value] of Object.entries({ ...parameters, ...(state !== null && { state }) }))
      url.searchParams.set(name, value)
    return `${url.href}${options.fragment}`
  }
  return consent.ask(c, {
    clientName: client.name,
    scopes: asked.map((name) => ({
      name,
      why: options.scopes[name] ?? '',
      required: options.required.includes(name),
    })),
    ...(options.choose && { choose: options.choose }),
    onAllow(decision) {
      const adjusted = options.adjust?.(decision, asked) ?? decision
      return back({ code: tokens.createCode({ clientId: client.id, redirectUri, ...adjusted }) })
    },
    onDeny: () =>
      back({
        error: 'access_denied',
        error_code: '200',
        error_description: 'Permissions error',
        error_reason: 'user_denied',
      }),
  })
}
