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
  app !== null &&
  ![app, ...connect.ways.map((way) => way.app)].some((each) => each?.isConfigured) &&
  !connect.credentials &&
  app.fields.some(({ required }) => required)

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
    ...renderApps(platform),
    ...renderScopes(platform),
    ...renderOptions(platform),
    ...renderQuotas(platform),
    ...renderRateLimits(platform),
    ...renderRevocation(platform),
  ].join('\n')
}

type Limits = Platform['limits']

const textLimits = (limits: Limits['text']): string =>
  limits.map(({ max, unit }) => `${max} ${unit.replaceAll('_', ' ')}`).join(', ')

const filesOf = (files: Limits['images']): string =>
  files ? `${files.max}, ${files.maxBytes} bytes each, ${files.mimeTypes.join(', ')}` : 'none'

function videosOf(videos: Limits['videos']): string {
  const longest = videos?.seconds?.max
  return filesOf(videos) + (longest === undefined ? '' : `, at most ${longest} seconds`)
}

function renderOptions({ options }: Platform): string[] {
  if (options.length === 0) return []
  return [
    heading('Options for posts here, given as --option NAME=VALUE'),
    table(
      ['OPTION', 'VALUES', 'DEFAULT', 'WHAT IT IS'],
      options.map(({ name, type, values, default: usual, description }) => [
        name,
        values?.join(', ') ?? type,
        usual === undefined ? null : String(usual),
        description,
      ]),
    ),
  ]
}

function renderQuotas({ quotas }: Platform): string[] {
  if (quotas.length === 0) return []
  return [
    heading('What one account may publish'),
    table(
      ['WHAT', 'AT MOST', 'IN SECONDS'],
      quotas.map(({ what, max, perSeconds }) => [what, String(max), String(perSeconds)]),
    ),
  ]
}

/** What can be done where one of these permissions was granted. */
const withScopes = (words: string, scopes: readonly string[] = []): string =>
  scopes.length === 0 ? words : `${words}, with the permission ${scopes.join(' or ')}`

function renderFacts(platform: Platform): string {
  const { id, name, connect, limits, canDelete, deleteScopes, duplicates, checkedOn } = platform
  const { text, linkCard, replies } = limits
  return properties([
    ['Platform', id],
    ['Name', name],
    ['Publishes to', connect.targetKinds.join(', ')],
    ['Text', textLimits(text)],
    ['Text beside media', limits.textWithMedia ? textLimits(limits.textWithMedia) : null],
    ['Without media', limits.textOnly ? 'yes' : 'no'],
    [
      'Title',
      limits.title ? `${limits.title.required ? 'needed, ' : ''}${textLimits(limits.title.limits)}` : null,
    ],
    ['Images', filesOf(limits.images)],
    ['Animations', limits.animations ? filesOf(limits.animations) : null],
    ['Videos', videosOf(limits.videos)],
    ['Replies below', replies ? withScopes(String(replies.max), replies.scopes) : 'no'],
    ['Visibility', limits.visibilities?.join(', ') ?? 'public'],
    ['Link card', linkCard ? (linkCard.withImages ? 'yes' : 'yes, but not with images') : 'no'],
    ['Delete', canDelete ? withScopes('yes', deleteScopes ?? []) : 'no'],
    ['Lost answers', [lostAnswers(duplicates.reconcile), duplicates.remainingRisk].join(' ').trim()],
    ['Checked on', checkedOn],
  ])
}

function renderWays({ id, connect }: Platform): string[] {
  const { credentials, oauth2, ways } = connect
  const method = credentials && oauth2 ? ' --method oauth2' : ''
  const parts: string[] = []
  if (credentials) {
    const { instructions, helpUrl, fields } = credentials
    parts.push(heading('To connect with credentials'), plain(instructions), helpUrl)
    parts.push(fieldTable(fields), `postmcp accounts connect --platform ${id}`)
  }
  if (oauth2 && ways.length === 0) {
    parts.push(heading('To connect with consent in a browser'), ...renderBrowserWay(oauth2))
    parts.push(`postmcp accounts connect --platform ${id}${method}`)
  }
  for (const [index, way] of ways.entries()) {
    const flag = index === 0 ? method : ` --way ${way.id}`
    parts.push(heading(`To connect by ${plain(way.name)} (${way.id})`), plain(way.summary))
    parts.push(...renderBrowserWay(way), `postmcp accounts connect --platform ${id}${flag}`)
  }
  return parts
}

function renderBrowserWay({
  instructions,
  helpUrl,
  fields,
  redirect,
}: NonNullable<Platform['connect']['oauth2']>): string[] {
  const https =
    'People are sent back to https addresses only: set POSTMCP_PUBLIC_URL to one that leads here, or allow one with POSTMCP_REDIRECT_URIS and connect with --paste.'
  return [
    plain(instructions),
    helpUrl,
    ...(fields.length > 0 ? [fieldTable(fields)] : []),
    ...(redirect === 'https_only' ? [https] : []),
  ]
}

function renderApps({ id, app, connect }: Platform): string[] {
  if (connect.ways.length === 0)
    return renderApp(id, app, 'The application, which the operator registers once')
  return connect.ways.flatMap(({ name, application, app }) =>
    renderApp(application, app, `The application for ${plain(name)}, which the operator registers once`),
  )
}

function renderApp(application: string, app: Platform['app'], title: string): string[] {
  if (app === null) return []
  const state = app.isConfigured
    ? { text: 'yes', style: 'green' as const }
    : { text: 'no', style: 'yellow' as const }
  return [
    heading(title),
    properties([
      ['Configured', state],
      ['Register at', app.registrationUrl],
    ]),
    table(
      ['VARIABLE', 'NEEDED', 'WHAT IT IS'],
      app.fields.map(({ name, required, description }) => [
        variableOf(application, name),
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
      scopes.map(({ name, need, method, way, why }) => [
        name,
        need.replaceAll('_', ' '),
        way ?? (method === null ? 'all' : ways[method]),
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
