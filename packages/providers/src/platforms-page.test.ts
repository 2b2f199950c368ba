import type { Manifest } from '@postmcp/core'
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

function section({
  id,
  name,
  connect,
  app,
  scopes,
  publish,
  rateLimits,
  tokens,
  links,
  sources,
  checkedOn,
}: Manifest): string {
  const { images, linkCard, text } = publish.limits
  const { credentials, oauth2 } = connect
  const reconcile =
    typeof publish.reconcile === 'string' ? publish.reconcile : `read (${publish.reconcile.read})`
  const ways = [
    ...(oauth2 ? [`**In the browser.** ${oauth2.instructions}`, fieldTable(id, oauth2.fields)] : []),
    ...(credentials
      ? [`**With credentials.** ${credentials.instructions}`, fieldTable(id, credentials.fields)]
      : []),
    ...(app
      ? [
          `**The operator** registers an application at ${app.registrationUrl} and sets`,
          fieldTable(id, app.fields),
        ]
      : []),
  ]
  return `## ${name} (\`${id}\`)

${ways.filter(Boolean).join('\n\n')}

**Permissions**

${list(scopes.map((scope) => `\`${scope.name}\` (${scope.need.replace('_', ' ')}): ${scope.why}`))}

**Limits**

${list([
  ...text.map(({ unit, max }) => `text: at most ${max} ${unit.replace('_', ' ')}`),
  images
    ? `images: at most ${images.max}, ${images.mimeTypes.join(', ')}, ${images.maxBytes} bytes each`
    : 'no images',
  linkCard ? `link card${linkCard.withImages ? '' : ', not beside images'}` : 'no link card',
  ...rateLimits.map(({ what, max, perSeconds }) => `${what}: ${max} in ${perSeconds} s`),
])}

**Lost answers** are cleared up by: ${reconcile}. ${publish.remainingRisk}

**After a disconnect:** ${tokens.remainsAfterRevocation ?? 'nothing remains.'} Take access away at ${links.revokeAccess}; make a credential at ${links.createCredential}.

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
