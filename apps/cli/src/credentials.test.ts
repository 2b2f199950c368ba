import { platformRegistry } from '@postmcp/api'
import type { Platform } from '@postmcp/sdk'
import { describe, expect, test } from 'vitest'
import { credentialFlags, knownFields, readCredentials, secretsOnCommandLine } from './credentials.js'

const manifests = platformRegistry()
  .list()
  .map(({ manifest }) => manifest)
/** What the API says of a platform, as far as it matters here. */
const bluesky = manifests.find(({ id }) => id === 'bluesky') as unknown as Platform

test('the flags are those of the fields that the platforms declare', () => {
  const declared = new Map<string, { secret: boolean; platforms: string[] }>()
  for (const { id, connect } of manifests) {
    for (const { name, secret } of connect.credentials?.fields ?? []) {
      const field = declared.get(name) ?? { secret, platforms: [] }
      expect(field.secret, `${name} is secret for one platform and not for another`).toBe(secret)
      declared.set(name, { secret, platforms: [...field.platforms, id] })
    }
  }
  expect(
    knownFields.map(({ name, secret, platforms }) => ({ name, secret, platforms: [...platforms] })),
  ).toEqual([...declared].map(([name, field]) => ({ name, ...field })))
  expect(Object.keys(credentialFlags)).toEqual([
    'identifier',
    'app-password',
    'app-password-stdin',
    'service',
  ])
})

describe('reading credentials', () => {
  const read = (flags: Record<string, string>, env: Record<string, string> = {}, isRemembered = false) =>
    readCredentials(bluesky, flags, { env, isJson: true, isRemembered })

  test('says which flag or variable to set when nobody can be asked', async () => {
    await expect(read({})).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'Bluesky needs: handle, app password.',
      nextAction:
        'Give --identifier (or POSTMCP_BLUESKY_IDENTIFIER), and --app-password-stdin or --app-password (or POSTMCP_BLUESKY_APP_PASSWORD).',
    })
  })

  test('a flag comes before a variable', async () => {
    const env = { POSTMCP_BLUESKY_IDENTIFIER: 'from.variable', POSTMCP_BLUESKY_APP_PASSWORD: ' secret ' }
    expect(await read({ identifier: 'from.flag' }, env)).toEqual({
      identifier: 'from.flag',
      appPassword: 'secret',
    })
  })

  test('a reconnect takes a name from a flag only, for the variable may be that of another account', async () => {
    const env = { POSTMCP_BLUESKY_IDENTIFIER: 'from.variable', POSTMCP_BLUESKY_APP_PASSWORD: 'secret' }
    expect(await read({}, env, true)).toEqual({ appPassword: 'secret' })
    expect(await read({ identifier: 'from.flag' }, env, true)).toMatchObject({ identifier: 'from.flag' })
  })

  test('knows which secrets stay in the history of the shell', () => {
    expect(secretsOnCommandLine({ identifier: 'x', 'app-password': 'y' })).toEqual(['--app-password'])
    expect(secretsOnCommandLine({ 'app-password-stdin': true })).toEqual([])
  })
})
