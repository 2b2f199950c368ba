import type { Platform } from '@postmcp/sdk'
import { paint, plain, properties, table } from '../output.js'

export const renderPlatforms = (platforms: Platform[]): string =>
  table(
    ['PLATFORM', 'NAME', 'CONNECTED WITH'],
    platforms.map(({ id, name, connect }) => [
      id,
      name,
      (connect.credentials?.fields ?? [])
        .filter(({ required }) => required)
        .map(({ label }) => label.toLowerCase())
        .join(', '),
    ]),
  )

const heading = (words: string): string => `\n${paint('bold', words)}`

export function renderPlatform(platform: Platform): string {
  const { connect, limits, scopes, rateLimits, duplicates, revocation } = platform
  const { images } = limits
  const parts = [
    properties([
      ['Platform', platform.id],
      ['Name', platform.name],
      ['Text', limits.text.map(({ max, unit }) => `${max} ${unit}`).join(', ')],
      [
        'Images',
        images ? `${images.max}, ${images.maxBytes} bytes each, ${images.mimeTypes.join(', ')}` : 'none',
      ],
      [
        'Link card',
        limits.linkCard ? (limits.linkCard.withImages ? 'yes' : 'yes, but not with images') : 'no',
      ],
      ['Delete', platform.canDelete ? 'yes' : 'no'],
      ['Lost answers', `${duplicates.reconcile}. ${duplicates.remainingRisk}`],
      ['After a disconnect', revocation.remainsAfterDisconnect],
      ['Checked on', platform.checkedOn],
    ]),
  ]
  if (connect.credentials) {
    const { instructions, helpUrl, fields } = connect.credentials
    parts.push(
      heading('To connect'),
      plain(instructions),
      helpUrl,
      table(
        ['FIELD', 'NEEDED', 'WHAT IT IS'],
        fields.map(({ name, required, description }) => [name, required ? 'yes' : 'no', description]),
      ),
    )
  }
  parts.push(
    heading('Scopes'),
    table(
      ['SCOPE', 'NEED', 'WHY'],
      scopes.map(({ name, need, why }) => [name, need.replaceAll('_', ' '), why]),
    ),
    heading('Rate limits'),
    table(
      ['WHAT', 'AT MOST', 'IN SECONDS'],
      rateLimits.map(({ what, max, perSeconds }) => [what, String(max), String(perSeconds)]),
    ),
  )
  return parts.join('\n')
}
