import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { newId } from '../model/ids.js'
import type { SealedOwner, Store } from '../store/store.js'
import { createFakeClock } from '../testing/fake-clock.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import type { KeyProvider } from './key-provider.js'
import {
  createKeyRingFile,
  localKeyProvider,
  newKeyRing,
  parseKeyRing,
  readKeyRingFile,
} from './local-key-ring.js'
import { openVault, registerKeyRing } from './vault.js'

let database: TestDatabase
let store: Store
const ring = newKeyRing()
const provider = localKeyProvider(ring)
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
  store = await database.openStore()
  await registerKeyRing(store.keys, provider)
})
afterAll(() => database.drop())

const owner: SealedOwner = { type: 'grant', id: 'grant_1', field: 'tokens' }
const open = (clock = createFakeClock(), by: KeyProvider = provider, keys = store.keys) =>
  openVault({ keys, provider: by, clock })

describe('a key ring', () => {
  const secret = 'c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I='
  it.each([
    ['', 'nothing'],
    ['{', 'half of JSON'],
    [`{"version":2,"keys":[{"id":"kek_0123456789abcdef","key":"${secret}"}]}`, 'a version to come'],
    ['{"version":1,"keys":[]}', 'no keys'],
    [`{"version":1,"keys":[{"id":"../etc","key":"${secret}"}]}`, 'a strange id'],
    [`{"version":1,"keys":[{"id":"kek_0123456789abcdef","key":"${secret.slice(4)}"}]}`, 'a short key'],
    [
      `{"version":1,"keys":[{"id":"kek_0123456789abcdef","key":"${secret}","x":1}]}`,
      'more than there should be',
    ],
    [secret, 'the bare key'],
  ])('that is no key ring is refused without a trace of its content: %#', (text) => {
    let error: unknown
    try {
      parseKeyRing(text, 'POSTMCP_KEYRING')
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({
      code: 'config_invalid',
      message: 'POSTMCP_KEYRING is not a key ring. It must be the JSON that `postmcp keys backup` prints.',
    })
    expect((error as Error).cause).toBeUndefined()
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('c2VjcmV0')
  })

  it('is made once by processes that start together, readable by its owner alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keyring-'))
    const path = join(folder, 'keyring.json')
    expect(await readKeyRingFile(path)).toBeUndefined()
    const made = await Promise.all(Array.from({ length: 8 }, () => createKeyRingFile(path)))
    expect(new Set(made.map((each) => JSON.stringify(each))).size).toBe(1)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['keyring.json'])
    expect(await readKeyRingFile(path)).toEqual(made[0])
    await writeFile(path, '{"broken"')
    await expect(readKeyRingFile(path)).rejects.toMatchObject({ code: 'config_invalid' })
    await expect(createKeyRingFile(path)).rejects.toMatchObject({ code: 'config_invalid' })
    await rm(folder, { recursive: true })
  })

  it('of another database is refused, as is one that holds another key under the same id', async () => {
    await expect(registerKeyRing(store.keys, localKeyProvider(newKeyRing()))).rejects.toMatchObject({
      code: 'keyring_wrong',
      message: expect.stringContaining(`does not hold the key ${ring.keys[0]!.id}`),
    })
    const forged = { ...newKeyRing(), keys: [{ id: ring.keys[0]!.id, key: newKeyRing().keys[0]!.key }] }
    await expect(registerKeyRing(store.keys, localKeyProvider(forged))).rejects.toMatchObject({
      code: 'keyring_wrong',
      message: expect.stringContaining(`has another key under the id ${ring.keys[0]!.id}`),
    })
    const more = { ...ring, keys: [...newKeyRing().keys, ...ring.keys] }
    await registerKeyRing(store.keys, localKeyProvider(more))
    expect(await store.keys.listKeyEncryptionKeys()).toHaveLength(1)
  })

  it('of two that start on a fresh database together, one wins and the other is told', async () => {
    const fresh = await createTestDatabase(inject('postgresUrl'))
    const keys = (await fresh.openStore()).keys
    const results = await Promise.allSettled(
      Array.from({ length: 4 }, () => registerKeyRing(keys, localKeyProvider(newKeyRing()))),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await keys.listKeyEncryptionKeys()).toHaveLength(1)
    await fresh.drop()
  })
})

describe('a sealed value', () => {
  it('opens to what it was, and looks different every time', async () => {
    const box = await open().unlock(newId('workspace'))
    for (const text of ['', 'x', 'Grüße 👋', 'a'.repeat(100_000)]) {
      const [one, two] = [box.seal(owner, text), box.seal(owner, text)]
      expect(box.open(owner, one)).toBe(text)
      expect(one.equals(two)).toBe(false)
      if (text.length > 5) expect(one.toString('utf8')).not.toContain(text)
    }
  })

  it('does not open in another place', async () => {
    const vault = open()
    const [mine, theirs] = [await vault.unlock(newId('workspace')), await vault.unlock(newId('workspace'))]
    const sealed = mine.seal(owner, 'secret')
    const refused = expect.objectContaining({ code: 'sealed_value_corrupt' })
    for (const wrong of [
      { ...owner, id: 'grant_2' },
      { ...owner, field: 'secrets' },
      { ...owner, type: 'account' as const },
      { ...owner, id: 'grant_', field: '1tokens' },
    ])
      expect(() => mine.open(wrong, sealed)).toThrow(refused)
    expect(() => theirs.open(owner, sealed)).toThrow(refused)
    expect(() => mine.open(owner, Buffer.alloc(0))).toThrow(refused)
  })

  it('does not open with any byte changed, missing or added', async () => {
    const box = await open().unlock(newId('workspace'))
    const sealed = box.seal(owner, 'secret')
    const refused = expect.objectContaining({
      message: 'The stored tokens of grant_1 cannot be opened: it was damaged or does not belong there.',
    })
    for (let i = 0; i < sealed.length; i++) {
      for (const flip of [1, 0x80, 0xff]) {
        const damaged = Buffer.from(sealed)
        damaged[i] = damaged[i]! ^ flip
        expect(() => box.open(owner, damaged)).toThrow(refused)
      }
      expect(() => box.open(owner, sealed.subarray(0, i))).toThrow(refused)
    }
    expect(() => box.open(owner, Buffer.concat([sealed, Buffer.from([0])]))).toThrow(refused)
  })

  it('opens in every process that has the key ring, and in no other', async () => {
    const scope = newId('workspace')
    const sealed = (await open().unlock(scope)).seal(owner, 'secret')
    expect((await open().unlock(scope)).open(owner, sealed)).toBe('secret')
    await expect(open(createFakeClock(), localKeyProvider(newKeyRing())).unlock(scope)).rejects.toMatchObject(
      {
        code: 'keyring_wrong',
      },
    )
  })
})

describe('the data key of a scope', () => {
  it('is one, however many processes make it at once', async () => {
    const scope = newId('workspace')
    const boxes = await Promise.all(Array.from({ length: 8 }, () => open().unlock(scope)))
    expect(await store.keys.listDataKeys(scope)).toHaveLength(1)
    const sealed = boxes.map((box, i) => box.seal(owner, `secret ${i}`))
    expect(sealed.map((each, i) => boxes[7 - i]!.open(owner, each))).toEqual(
      boxes.map((_, i) => `secret ${i}`),
    )
  })

  it('cannot be passed off as that of another scope', async () => {
    const vault = open()
    const [mine, theirs] = [newId('workspace'), newId('workspace')]
    await vault.unlock(mine)
    const [key] = await store.keys.listDataKeys(mine)
    await store.keys.insertFirstDataKey({ ...key!, id: newId('dataKey'), keyScope: theirs })
    await expect(vault.unlock(theirs)).rejects.toMatchObject({ code: 'keyring_wrong' })
  })

  it('is remembered for five minutes and no longer, and a failure not at all', async () => {
    const clock = createFakeClock()
    let unwraps = 0
    let works = false
    const counting: KeyProvider = {
      ...provider,
      unwrap: (...given) => {
        unwraps++
        return works ? provider.unwrap(...given) : Promise.resolve(null)
      },
    }
    const vault = open(clock, counting)
    const scope = newId('workspace')
    await expect(vault.unlock(scope)).rejects.toMatchObject({ code: 'keyring_wrong' })
    works = true
    await Promise.all([vault.unlock(scope), vault.unlock(scope)])
    clock.advance(299)
    await vault.unlock(scope)
    expect(unwraps).toBe(2)
    clock.advance(1)
    works = false
    await expect(vault.unlock(scope)).rejects.toMatchObject({ code: 'keyring_wrong' })
  })
})

describe('a fingerprint', () => {
  it('is equal for equal inputs, and tells scopes and purposes apart', async () => {
    const vault = open()
    const [mine, theirs] = [await vault.unlock(newId('workspace')), await vault.unlock('system')]
    const print = mine.fingerprint('purpose', 'input')
    expect(print).toMatch(/^[0-9a-f]{64}$/)
    expect(mine.fingerprint('purpose', 'input')).toBe(print)
    for (const other of [
      mine.fingerprint('purpose', 'inpuT'),
      mine.fingerprint('other', 'input'),
      theirs.fingerprint('purpose', 'input'),
    ])
      expect(other).not.toBe(print)
  })
})
