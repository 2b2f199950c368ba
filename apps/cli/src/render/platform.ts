import type { Platform } from '@postmcp/sdk'
import { variableOf } from '../credentials.js'
import { paint, plain, properties, table } from '../output.js'
import { lostAnswers } from './lost-answers.js'

type Field = NonNullable<Platform['connect']['credentials']>['fields'][number]

const requiredLabels = (fields: readonly Field[] = []): string =>
  fields
    .filter(({ required }) => required)
    .map(({ label }) => label.toLowerCase())
    .join(', ')

/** What it takes to connect, on each way there is. */
function waysOf({ connect }: Platform): string {
  const { credentials, oauth2 } = connect
  const labels = requiredLabels(oauth2?.fields)
  const consent = oauth2
    ? [labels === '' ? 'consent in a browser' : `${labels} and consent in a browser`]
    : []
  return [...(credentials ? [requiredLabels(credentials.fields)] : []), ...consent].join('; or ')
}

/** Whether the operator has to register an application before anyone can connect. */
const needsApp = ({ app, connect }: Platform): boolean =>
  app !== null && !app.isConfigured && !connect.credentials && app.fields.some(({ required }) => required)

export const renderPlatforms = (platforms: Platform[]): string =>
  table(
    ['PLATFORM', 'NAME', 'CONNECTED WITH', 'READY'],
    platforms.map((platform) => [
      platform.id,
      platform.name,
      waysOf(platform),
      needsApp(platform) ? { text: 'register an application first', style: 'yellow' } : 'yes',
    ]),
  )

const heading = (words: string): string => `\n${paint('bold', words)}`

const fieldTable = (fields: readonly Field[]): string =>
  table(
    ['FIELD', 'NEEDED', 'WHAT IT IS'],
    fields.map(({ name, required, description }) => [name, required ? 'yes' : 'no', description]),
  )

export function renderPlatform(platform: Platform): string {
  return [
    renderFacts(platform),
    ...renderWays(platform),
    ...renderApp(platform),
    ...renderScopes(platform),
    ...renderRateLimits(platform),
    ...renderRevocation(platform),
  ].join('\n')
}

function renderFacts({ id, name, connect, limits, canDelete, duplicates, checkedOn }: Platform): string {
  const { images, text, linkCard } = limits
  return properties([
    ['Platform', id],
    ['Name', name],
    ['Publishes to', connect.targetKinds.join(', ')],
    ['Text', text.map(({ max, unit }) => `${max} ${unit}`).join(', ')],
    [
      'Images',
      images ? `${images.max}, ${images.maxBytes} bytes each, ${images.mimeTypes.join(', ')}` : 'none',
    ],
    ['Link card', linkCard ? (linkCard.withImages ? 'yes' : 'yes, but not with images') : 'no'],
    ['Delete', canDelete ? 'yes' : 'no'],
    ['Lost answers', [lostAnswers(duplicates.reconcile), duplicates.remainingRisk].join(' ').trim()],
    ['Checked on', checkedOn],
  ])
}

function renderWays({ id, connect }: Platform): string[] {
  const { credentials, oauth2 } = connect
  const method = credentials && oauth2 ? ' --method oauth2' : ''
  const parts: string[] = []
  if (credentials) {
    const { instructions, helpUrl, fields } = credentials
    parts.push(heading('To connect with credentials'), plain(instructions), helpUrl)
    parts.push(fieldTable(fields), `postmcp accounts connect --platform ${id}`)
  }
  if (oauth2) {
    const { instructions, helpUrl, fields, redirect } = oauth2
    parts.push(heading('To connect with consent in a browser'), plain(instructions), helpUrl)
    if (fields.length > 0) parts.push(fieldTable(fields))
    if (redirect === 'https_only') {
      parts.push(
        'People are sent back to https addresses only: set POSTMCP_PUBLIC_URL to one that leads here, or allow one with POSTMCP_REDIRECT_URIS and connect with --paste.',
      )
    }
    parts.push(`postmcp accounts connect --platform ${id}${method}`)
  }
  return parts
}

function renderApp({ id, app }: Platform): string[] {
  if (app === null) return []
  const state = app.isConfigured
    ? { text: 'yes', style: 'green' as const }
    : { text: 'no', style: 'yellow' as const }
  return [
    heading('The application, which the operator registers once'),
    properties([
      ['Configured', state],
      ['Register at', app.registrationUrl],
    ]),
    table(
      ['VARIABLE', 'NEEDED', 'WHAT IT IS'],
      app.fields.map(({ name, required, description }) => [
        variableOf(id, name),
        required ? 'yes' : 'no',
        description,
      ]),
    ),
  ]
}

const ways = { oauth2: 'browser', credentials: 'credentials' } as const

function renderScopes({ scopes }: Platform): string[] {
  if (scopes.length === 0) return []
  return [
    heading('Scopes'),
    table(
      ['SCOPE', 'NEED', 'WAY', 'WHY'],
      scopes.map(({ name, need, method, why }) => [
        name,
        need.replaceAll('_', ' '),
        method === null ? 'all' : ways[method],
        why,
      ]),
    ),
  ]
}

function renderRateLimits({ rateLimits }: Platform): string[] {
  if (rateLimits.length === 0) return []
  return [
    heading('Rate limits'),
    table(
      ['WHAT', 'AT MOST', 'IN SECONDS'],
      rateLimits.map(({ what, max, perSeconds }) => [what, String(max), String(perSeconds)]),
    ),
  ]
}

function renderRevocation({ revocation, name }: Platform): string[] {
  const { remainsAfterDisconnect, revokeAccessUrl } = revocation
  return [
    heading('To take access away'),
    'postmcp accounts disconnect --account ACCT_ID',
    ...(remainsAfterDisconnect === null ? [] : [plain(remainsAfterDisconnect)]),
    `At ${plain(name)}: ${revokeAccessUrl}`,
  ]
}
