import {
  applicationId,
  type Manifest,
  manifestOnWay,
  type PostLimits,
  type PostOption,
  type TextLimit,
} from '@postmcp/core'
import { expect, test } from 'vitest'
import { providers } from './index.js'

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

/** What has to be given, and as which variable; empty where there is nothing. */
function fieldTable(
  platform: string,
  fields: readonly { name: string; description: string; required: boolean }[],
): string {
  if (fields.length === 0) return ''
  const rows = fields.map(({ name, description, required }) => {
    const variable = `POSTMCP_${snake(platform)}_${snake(name)}`
    return `| ${name}${required ? '' : ' (optional)'} | \`${variable}\` | ${description} |`
  })
  return ['| field | variable | |', '|---|---|---|', ...rows].join('\n')
}

const list = (items: string[]): string => items.map((item) => `- ${item}`).join('\n')

/** A manifest as it is on each of its ways through the browser. */
const onEachWay = (manifest: Manifest): Manifest[] =>
  [null, ...(manifest.connect.furtherWays ?? []).map(({ oauth2 }) => oauth2.way.id)].map((way) =>
    manifestOnWay(manifest, way),
  )

/** How one connects through the browser, and what the operator registers for that. */
function browserWays(manifest: Manifest): string[] {
  const views = onEachWay(manifest)
  return views.flatMap((view) => {
    const { connect, app } = view
    const { oauth2 } = connect
    const title = oauth2?.way
      ? `**By ${oauth2.way.name}** (\`${oauth2.way.id}\`${view === views[0] ? ', the default' : ''}). ${oauth2.way.summary}`
      : '**In the browser.**'
    const operator = oauth2?.way ? `For ${oauth2.way.name} **the operator**` : '**The operator**'
    return [
      ...(oauth2 ? [`${title} ${oauth2.instructions}`, fieldTable(view.id, oauth2.fields)] : []),
      ...(app
        ? [
            `${operator} registers an application at ${app.registrationUrl} and sets`,
            fieldTable(applicationId(view), app.fields),
          ]
        : []),
    ]
  })
}

const amount = (limits: TextLimit[]): string =>
  limits.map(({ unit, max }) => `${max} ${unit.replace('_', ' ')}`).join(' and ')

const between = (what: string, range: { min?: number | undefined; max?: number | undefined } | undefined) =>
  range ? [`${what} ${range.min ?? 0} to ${range.max ?? 'any'}`] : []

/** What one kind of file may be. */
function fileLimits(kind: string, files: PostLimits['images']): string {
  if (!files) return `no ${kind}`
  const parts = [
    `at most ${files.max}`,
    files.mimeTypes.join(' '),
    `${files.maxBytes} bytes each`,
    ...between('width', files.width),
    ...between('height', files.height),
    ...between('width / height', files.ratio),
    ...(files.maxPixels === undefined ? [] : [`${files.maxPixels} pixels`]),
    ...(files.maxAltTextGraphemes === undefined
      ? []
      : [`alt text of ${files.maxAltTextGraphemes} characters`]),
  ]
  return `${kind}: ${parts.join(', ')}`
}

/** What can be done where one of these permissions was granted. */
const withScopes = (words: string, scopes: readonly string[] = []): string =>
  scopes.length === 0
    ? words
    : `${words}, with the permission ${scopes.map((one) => `\`${one}\``).join(' or ')}`

function postLimits({ limits, canDelete, deleteScopes }: Manifest['publish']): string[] {
  const { videos, animations, title, tags, replies, linkCard } = limits
  const ofVideos = videos
    ? [
        ...between('seconds', videos.seconds),
        ...between('frames per second', videos.frameRate),
        ...(videos.videoCodecs ? [videos.videoCodecs.join(' ')] : []),
        ...(videos.audioCodecs ? [videos.audioCodecs.join(' ')] : []),
      ]
    : []
  return [
    `text: at most ${amount(limits.text)}${limits.textIsDescription ? ' (the description)' : ''}`,
    ...(limits.textWithMedia ? [`text beside media: at most ${amount(limits.textWithMedia)}`] : []),
    ...(limits.textOnly ? [] : ['no post without media']),
    ...(title ? [`title${title.required ? ' (needed)' : ''}: at most ${amount(title.limits)}`] : []),
    ...(tags ? [`tags${tags.max === undefined ? '' : `: at most ${tags.max}`}`] : []),
    fileLimits('images', limits.images),
    ...(animations ? [fileLimits('animations', animations)] : []),
    [fileLimits('videos', videos), ...ofVideos].join(', '),
    ...(limits.mixes ? [`in one post: ${limits.mixes.join(' and ')}`] : []),
    linkCard ? `link card${linkCard.withImages ? '' : ', not beside media'}` : 'a link ends the text',
    replies ? withScopes(`replies below: at most ${replies.max}`, replies.scopes) : 'no replies',
    canDelete ? withScopes('deleting', deleteScopes) : 'no deleting',
    ...(limits.visibilities ? [`visibility: ${limits.visibilities.join(', ')}`] : []),
  ]
}

function optionTable(options: readonly PostOption[]): string {
  if (options.length === 0) return ''
  const rows = options.map(
    ({ name, type, values, default: usual, description }) =>
      `| \`${name}\` | ${values?.join(', ') ?? type} | ${usual ?? ''} | ${description} |`,
  )
  return ['\n**Options**\n', '| option | values | default | |', '|---|---|---|---|', ...rows, ''].join('\n')
}

/** What remains after a disconnect, and where a person takes access away: of each way where there are several. */
function afterDisconnect(manifest: Manifest): string {
  const of = ({ tokens, links }: Manifest) =>
    `${tokens.remainsAfterRevocation ?? 'nothing remains.'} Take access away at ${links.revokeAccess}`
  const views = onEachWay(manifest)
  const credential = `ake a credential at ${manifest.links.createCredential}.`
  if (views.length === 1) return `**After a disconnect:** ${of(manifest)}; m${credential}`
  const ways = views.map((view) => `By ${view.connect.oauth2?.way?.name}: ${of(view)}.`)
  return `**After a disconnect**\n\n${list(ways)}\n\nM${credential}`
}

function section(manifest: Manifest): string {
  const { id, name, connect, scopes, publish, rateLimits, sources, checkedOn } = manifest
  const { credentials } = connect
  const reconcile =
    typeof publish.reconcile === 'string' ? publish.reconcile : `read (${publish.reconcile.read.join(', ')})`
  const ways = [
    ...browserWays(manifest),
    ...(credentials
      ? [`**With credentials.** ${credentials.instructions}`, fieldTable(id, credentials.fields)]
      : []),
  ]
  return `## ${name} (\`${id}\`)

${ways.filter(Boolean).join('\n\n')}

**Permissions**

${list(scopes.map(({ name, need, way, why }) => `\`${name}\` (${[need.replace('_', ' '), ...(way ? [way] : [])].join(', ')}): ${why}`))}

**Limits**

${list([
  ...postLimits(publish),
  ...(publish.quotas ?? []).map(
    ({ what, max, perSeconds }) => `of one account, ${what}: ${max} in ${perSeconds} s`,
  ),
  ...rateLimits.map(({ what, max, perSeconds }) => `${what}: ${max} in ${perSeconds} s`),
])}
${optionTable(publish.options ?? [])}
**Lost answers** are cleared up by: ${reconcile}. ${publish.remainingRisk}

${afterDisconnect(manifest)}

Checked on ${checkedOn} against:

${list(sources)}
`
}

test('docs/platforms.md says what the manifests declare', async () => {
  const page = `# Platforms

Made from the manifests in \`packages/providers/src\` by a test; do not edit.

${providers.map(({ manifest }) => section(manifest)).join('\n')}`
  await expect(page).toMatchFileSnapshot('../../../docs/platforms.md')
})
