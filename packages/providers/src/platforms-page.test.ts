import type { Manifest } from '@postmcp/core'
import { expect, test } from 'vitest'
import { providers } from './index.js'

const list = (items: string[]): string => items.map((item) => `- ${item}`).join('\n')

function section({
  id,
  name,
  connect,
  scopes,
  publish,
  rateLimits,
  tokens,
  links,
  sources,
  checkedOn,
}: Manifest): string {
  const { images, linkCard, text } = publish.limits
  const fields = connect.credentials?.fields ?? []
  const reconcile =
    typeof publish.reconcile === 'string' ? publish.reconcile : `read (${publish.reconcile.read})`
  return `## ${name} (\`${id}\`)

${connect.credentials?.instructions ?? ''}

| field | flag | variable | |
|---|---|---|---|
${fields
  .map(({ name: field, description, required, secret }) => {
    const flag = field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    const variable = `POSTMCP_${id}_${field.replace(/[A-Z]/g, (letter) => `_${letter}`)}`.toUpperCase()
    return `| ${field}${required ? '' : ' (optional)'} | \`--${flag}\`${secret ? `, \`--${flag}-stdin\`` : ''} | \`${variable}\` | ${description} |`
  })
  .join('\n')}

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
