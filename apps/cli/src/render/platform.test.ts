import { platformRegistry } from '@postmcp/api'
import type { Platform } from '@postmcp/sdk'
import { describe, expect, test } from 'vitest'
import { lostAnswers } from './lost-answers.js'
import { renderPlatform, renderPlatforms } from './platform.js'

const field = (name: string, required = true) => ({
  name,
  label: name,
  description: `About ${name}.`,
  secret: false,
  required,
})
const way = { instructions: 'Do this.', helpUrl: 'https://example.org/help' }

const platform = (more: Partial<Platform> = {}): Platform => ({
  id: 'example',
  name: 'Example',
  connect: {
    oauth2: { ...way, fields: [field('instance')], redirect: 'https_only' },
    ways: [],
    targetKinds: ['page', 'group'],
  },
  app: {
    registrationUrl: 'https://example.org/apps',
    fields: [field('clientId'), field('clientSecret')],
    isConfigured: false,
  },
  scopes: [{ name: 'write', need: 'required', why: 'To publish.', method: 'oauth2', way: null }],
  limits: { text: [{ unit: 'code_points', max: 500 }], textOnly: true },
  options: [],
  quotas: [],
  rateLimits: [],
  canDelete: true,
  deleteScopes: null,
  duplicates: { reconcile: 'never', remainingRisk: '' },
  revocation: { remainsAfterDisconnect: null, revokeAccessUrl: 'https://example.org/revoke' },
  createCredentialUrl: 'https://example.org/apps',
  sources: [],
  checkedOn: '2026-11-22',
  ...more,
})
const credentials = { ...way, fields: [field('handle'), field('server', false)] }

describe('a platform with consent in a browser', () => {
  const shown = renderPlatform(platform())

  test('shows its fields, what is published to, and the scopes with why and way', () => {
    expect(shown).toContain('Publishes to\tpage, group')
    expect(shown).toContain('instance\tyes\tAbout instance.')
    expect(shown).toContain('write\trequired\tbrowser\tTo publish.')
    expect(shown).toContain('postmcp accounts connect --platform example')
    expect(shown).toContain('POSTMCP_PUBLIC_URL')
  })

  test('shows what the operator registers, where, and as which variables', () => {
    expect(shown).toContain('Configured\tno')
    expect(shown).toContain('Register at\thttps://example.org/apps')
    expect(shown).toContain('POSTMCP_EXAMPLE_CLIENT_SECRET\tyes\tAbout clientSecret.')
  })

  test('shows which permissions replies and deleting take', () => {
    const limits = { ...platform().limits, replies: { max: 10, scopes: ['comment', 'comment:page'] } }
    const shown = renderPlatform(platform({ limits, deleteScopes: ['remove'] })).replaceAll(/ {2,}/g, '\t')
    expect(shown).toContain('Replies below\t10, with the permission comment or comment:page')
    expect(shown).toContain('Delete\tyes, with the permission remove')
  })

  test('shows how access is taken away', () => {
    expect(shown).toContain('At Example: https://example.org/revoke')
  })
})

test('of two ways both are shown, and how to choose the second', () => {
  const { oauth2 } = platform().connect
  const shown = renderPlatform(
    platform({ connect: { credentials, ...(oauth2 && { oauth2 }), ways: [], targetKinds: ['profile'] } }),
  )
  expect(shown).toContain('server\tno\tAbout server.')
  expect(shown).toContain('postmcp accounts connect --platform example --method oauth2')
})

describe('a platform with several ways through the browser', () => {
  const app = platform().app
  const ways = ['direct', 'partner'].map((id) => ({
    ...way,
    id,
    name: `The ${id} one`,
    summary: `For ${id} people.`,
    fields: [],
    redirect: 'loopback_ok' as const,
    app: app && { ...app, isConfigured: id === 'partner' },
    application: id === 'direct' ? 'example' : `example_${id}`,
  }))
  const several = platform({
    connect: { ...platform().connect, ways },
    scopes: [{ name: 'write', need: 'required', why: 'To publish.', method: null, way: 'partner' }],
  })
  const shown = renderPlatform(several)

  test('shows each, whom it is for, and how to choose it', () => {
    expect(shown).toContain('To connect by The partner one (partner)')
    expect(shown).toContain('For partner people.')
    expect(shown.split('\n').filter((line) => line.startsWith('postmcp accounts connect'))).toEqual([
      'postmcp accounts connect --platform example',
      'postmcp accounts connect --platform example --way partner',
    ])
    expect(shown).toContain('write\trequired\tpartner\tTo publish.')
  })

  test('shows the application of each, by the variables of its way', () => {
    expect(shown).toContain('POSTMCP_EXAMPLE_CLIENT_ID\tyes')
    expect(shown).toContain('POSTMCP_EXAMPLE_PARTNER_CLIENT_ID\tyes')
    expect(shown.match(/Configured\t\w+/g)).toEqual(['Configured\tno', 'Configured\tyes'])
  })

  test('is ready as soon as one of them is', () => {
    expect(renderPlatforms([several])).toMatch(/\tyes$/)
  })
})

test('the list says what it takes, and where an application is missing', () => {
  const configured = platform({ id: 'ready', app: { ...platform().app!, isConfigured: true } })
  const both = platform({ id: 'both', connect: { ...platform().connect, credentials } })
  expect(renderPlatforms([platform(), configured, both]).split('\n')).toEqual([
    'example\tExample\tinstance and consent in a browser\tregister an application first',
    'ready\tExample\tinstance and consent in a browser\tyes',
    'both\tExample\thandle; or instance and consent in a browser\tyes',
  ])
})

describe('what becomes of a lost answer', () => {
  test('is a sentence for every word that a platform declares', () => {
    for (const { manifest } of platformRegistry().list()) {
      const { reconcile } = manifest.publish
      const word = typeof reconcile === 'string' ? reconcile : `read (${reconcile.read.join(', ')})`
      expect(lostAnswers(word), manifest.id).toMatch(/^[A-Z].*\.$/)
    }
  })

  test('names the scope it takes to look', () => {
    expect(lostAnswers('read (read:statuses)')).toMatch(/That takes the scope read:statuses\.$/)
    expect(lostAnswers('read (one, two)')).toMatch(/one of the scopes one, two, depending on the post\.$/)
    expect(lostAnswers('key')).not.toContain('scope')
  })

  test('is the word itself where we do not know it', () => {
    expect(lostAnswers('invented')).toBe('invented')
  })
})
