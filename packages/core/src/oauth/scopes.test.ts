import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../testing/fake-clock.js'
import { createMemoryPlatform } from '../testing/memory-platform.js'
import { publishingScopesOf } from './scopes.js'

const { manifest } = createMemoryPlatform({ clock: createFakeClock() }).provider
type Scope = (typeof manifest.scopes)[number]
type Publish = Partial<typeof manifest.publish>

const scopesOf = (publish: Publish, scopes: Scope[] = []) =>
  publishingScopesOf([{ manifest: { ...manifest, scopes, publish: { ...manifest.publish, ...publish } } }])[
    manifest.id
  ]
const scope = (name: string, more: Partial<Scope> = {}): Scope => ({
  name,
  need: 'optional',
  why: 'To try it.',
  ...more,
})

describe('optional scopes that publishing has a use for', () => {
  it('are those of replies and deletions, each once', () => {
    const replies = { max: 1, scopes: ['write', 'talk'] }
    const limits = { ...manifest.publish.limits, replies }
    expect(scopesOf({ reconcile: 'never', limits, deleteScopes: ['write'] })).toEqual(['write', 'talk'])
    expect(scopesOf({ reconcile: 'key' })).toEqual([])
  })

  it('are those with which a post is looked for', () => {
    const reconcile = { read: ['read', 'read:private', 'read:files'] }
    const scopes = [
      scope('read'),
      scope('read:files', { need: 'required' }),
      scope('read:private'),
      scope('other'),
    ]
    expect(scopesOf({ reconcile }, scopes)).toEqual(['read', 'read:private'])
    expect(scopesOf({ reconcile })).toEqual([])
  })
})
