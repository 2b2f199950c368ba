import { afterAll, describe, expect, inject, it } from 'vitest'
import { silentLogger } from '../../model/ambient.js'
import { createEmptyDatabase } from '../../testing/test-database.js'
import { openPostgresStore } from './index.js'

describe('opening an empty database', () => {
  const databases: { drop(): Promise<void> }[] = []
  afterAll(() => Promise.all(databases.map((database) => database.drop())))

  it('works for many processes at once', async () => {
    for (let round = 0; round < 3; round++) {
      const { connectionString, drop } = await createEmptyDatabase(inject('postgresUrl'))
      databases.push({ drop })
      const stores = await Promise.all(
        Array.from({ length: 6 }, () => openPostgresStore({ connectionString, logger: silentLogger })),
      )
      for (const store of stores) {
        for (let i = 0; i < 6; i++) await Promise.all(Array.from({ length: 4 }, () => store.ping()))
      }
      await Promise.all(stores.map((store) => store.close()))
    }
    expect(true).toBe(true)
  })
})
