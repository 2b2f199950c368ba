import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Provider } from '@postmcp/core'
import type { FakePlatform } from '@postmcp/core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Description } from './description.js'
import { type Held, holdAgainst } from './hold.js'
import { type FurtherCalls, recordLife } from './life.js'
import type { Planted } from './planted.js'
import { type Recorded, toRecorded } from './recorded.js'

/** A platform and its description. */
export interface Described {
  provider: Provider
  /** Said in the names of the tests, where one platform is tested in several shapes. */
  shape?: string
  /** Name of the file in the folder of descriptions. */
  file: string
  read(source: unknown): Description
  /** The simulated platform, in every shape that answers differently. */
  starts: (() => Promise<FakePlatform>)[]
  furtherCalls?: FurtherCalls
  /** Calls and statuses that occur, such as `GET /2/users/me 200`: all of them. */
  covers: string[]
  /** Calls the description does not hold, such as `POST https://api.x.com/2/oauth2/token`, with the reason. */
  notDescribed: Record<string, string>
  /** Scopes the description does not hold, with the reason. */
  scopesNotDescribed?: Record<string, string>
  /** What the description is known not to say, or to say wrongly, with the reason. */
  exceptions: Exception[]
  /** Errors that have to be found. */
  planted: Planted[]
}

/** Something that counts as right although the description says otherwise. */
export interface Exception {
  call: string | RegExp
  problem: RegExp
  reason: string
}

/** Holds a provider's requests and the sandbox's answers against the platform's description. */
export function testDescription(described: Described): void {
  const { provider, covers, notDescribed, exceptions, planted } = described
  const { name } = provider.manifest
  describe([name, described.shape, 'and its description'].filter(Boolean).join(' '), {
    timeout: 60_000,
  }, () => {
    let description: Description
    let hold: (one: Recorded) => Promise<Held>
    const recorded: Recorded[] = []
    const held: Held[] = []

    beforeAll(async () => {
      description = described.read(readDescription(described.file))
      hold = holdAgainst(description)
      for (const start of described.starts) recorded.push(...(await recordAt(described, start)))
      for (const one of recorded) held.push(await hold(one))
    }, 120_000)

    it('agree on every request and every answer', () => {
      const wrong = held
        .filter(({ call, isDescribed }) => isDescribed || notDescribed[call] === undefined)
        .flatMap(({ problems, ...one }) => problems.map((problem) => ({ ...one, problem })))
      const fits = (one: (typeof wrong)[number], { call, problem }: Exception) =>
        (call instanceof RegExp ? call.test(one.call) : call === one.call) && problem.test(one.problem)
      const unknown = wrong.filter((one) => !exceptions.some((exception) => fits(one, exception)))
      expect(unique(unknown.map(({ call, problem }) => `${call}: ${problem}`))).toEqual([])
      const idle = exceptions.filter((exception) => !wrong.some((one) => fits(one, exception)))
      expect(idle.map(({ reason }) => reason)).toEqual([])
    })

    it('meet in all these calls', () => {
      const calls = held.filter(({ isDescribed }) => isDescribed)
      expect(unique(calls.map(({ call, status }) => `${call} ${status}`))).toEqual([...covers].sort())
      const others = held.filter(({ isDescribed }) => !isDescribed)
      expect(unique(others.map(({ call }) => call))).toEqual(Object.keys(notDescribed).sort())
    })

    it('know the same scopes', () => {
      const asked = provider.manifest.scopes.filter(({ need }) => need !== 'never_asked')
      const unknown = asked.map(({ name }) => name).filter((name) => !description.scopes.has(name))
      expect(unknown.sort()).toEqual(Object.keys(described.scopesNotDescribed ?? {}).sort())
    })

    it.each(planted)('do not agree on $name', async ({ call, status, change, problem }) => {
      const at = held.findIndex((one) => one.call === call && one.status === status)
      const good = recorded[at]
      if (!good) throw new Error(`There is no ${call} ${status} to put an error into.`)
      const { problems } = await hold(change(structuredClone(good)))
      const before = held[at]?.problems ?? []
      expect(problems.filter((one) => !before.includes(one)).join('\n')).toContain(problem)
    })
  })
}

async function recordAt(
  { provider, furtherCalls }: Described,
  start: () => Promise<FakePlatform>,
): Promise<Recorded[]> {
  const fake = await start()
  try {
    const exchanges = await recordLife(provider, fake, furtherCalls)
    return await Promise.all(exchanges.map((one) => toRecorded(provider.manifest, fake, one)))
  } finally {
    await fake.close()
  }
}

function readDescription(file: string): unknown {
  const folder = process.env.POSTMCP_SPECS_DIR
  if (!folder) throw new Error('POSTMCP_SPECS_DIR does not name the folder of API descriptions.')
  return JSON.parse(readFileSync(join(folder, file), 'utf8'))
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].sort()
