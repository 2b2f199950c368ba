import { platformRegistry } from '@postmcp/api'
import type { Platform } from '@postmcp/sdk'
import { describe, expect, test } from 'vitest'
import {
  credentialFlags,
  fieldsInFlags,
  knownFields,
  readCredentials,
  secretsOnCommandLine,
} from './credentials.js'

const manifests = platformRegistry()
  .list()
  .map(({ manifest }) => manifest)
/** What the API says of a platform, as far as it matters here. */
const declared = manifests.find(({ id }) => id === 'bluesky')
const bluesky = { ...declared, connect: { ...declared?.connect, ways: [] } } as unknown as Platform

test('the flags are those of the fields that the platforms declare, on whatever way they are connected', () => {
  const declared = manifests.flatMap(({ id, connect }) =>
    [
      ...(connect.credentials?.fields ?? []),
      ...(connect.oauth2?.fields ?? []),
      ...(connect.furtherWays ?? []).flatMap(({ oauth2 }) => oauth2.fields),
    ].map(({ name, secret }) => `${name} of ${id}, ${secret ? 'secret' : 'not secret'}`),
  )
  const ids = manifests.map(({ id }) => id)
  const known = knownFields.flatMap(({ name, secret, platforms }) =>
    platforms
      // One that this build does not have yet.
      .filter((id) => ids.includes(id))
      .map((id) => `${name} of ${id}, ${secret ? 'secret' : 'not secret'}`),
  )
  expect(known.sort()).toEqual([...new Set(declared)].sort())
})

test('a field is one flag, and two when it is secret', () => {
  const names = knownFields.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(Object.keys(credentialFlags)).toEqual(
    expect.arrayContaining([
      'identifier',
      'app-password',
      'app-password-stdin',
      'bot-token-stdin',
      'instance',
    ]),
  )
  expect(Object.keys(credentialFlags)).not.toContain('identifier-stdin')
})

describe('reading credentials', () => {
  const read = (flags: Record<string, string>, env: Record<string, string> = {}, isRemembered = false) =>
    readCredentials(bluesky, 'credentials', flags, { env, isJson: true, isRemembered })

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

  test('looks at what the way that is used asks for', async () => {
    const oauth2 = { fields: [{ name: 'identifier', label: 'Handle', secret: false, required: true }] }
    const both = { ...bluesky, connect: { ...bluesky.connect, oauth2 } } as unknown as Platform
    const options = { isJson: true, isRemembered: false }
    const env = { POSTMCP_BLUESKY_IDENTIFIER: 'anna.test', POSTMCP_BLUESKY_APP_PASSWORD: 'secret' }
    expect(await readCredentials(both, 'oauth2', {}, { ...options, env })).toEqual({
      identifier: 'anna.test',
    })
    await expect(readCredentials(both, 'oauth2', {}, { ...options, env: {} })).rejects.toMatchObject({
      message: 'Bluesky needs: handle.',
    })
  })

  test('looks at what the one of several ways through the browser asks for that was chosen', async () => {
    const server = { name: 'instance', label: 'Server', secret: false, required: true }
    const ways = [
      { id: 'direct', fields: [] },
      { id: 'partner', fields: [server] },
    ]
    const several = { ...bluesky, connect: { oauth2: { fields: [] }, ways } } as unknown as Platform
    const options = { isJson: true, isRemembered: false, env: {} }
    expect(await readCredentials(several, 'oauth2', {}, options)).toEqual({})
    await expect(readCredentials(several, 'oauth2', { way: 'partner' }, options)).rejects.toMatchObject({
      message: 'Bluesky needs: server.',
    })
  })

  test('reads flags only where the way is not known yet', async () => {
    const env = { POSTMCP_BLUESKY_APP_PASSWORD: 'secret' }
    const options = { env, isJson: true, isRemembered: true }
    expect(await readCredentials(bluesky, undefined, { identifier: 'anna.test' }, options)).toEqual({
      identifier: 'anna.test',
    })
  })

  test('knows which fields were given', () => {
    expect(fieldsInFlags({ identifier: 'x', 'app-password-stdin': true, method: 'oauth2' })).toEqual([
      'identifier',
      'appPassword',
    ])
  })

  test('knows which secrets stay in the history of the shell', () => {
    expect(secretsOnCommandLine({ identifier: 'x', 'app-password': 'y' })).toEqual(['--app-password'])
    expect(secretsOnCommandLine({ 'app-password-stdin': true })).toEqual([])
  })
})
