import type { Manifest } from '@postmcp/core'
import type { FakePlatform } from '@postmcp/core/testing'

/** Where the servers of people are, in the descriptions of platforms with many. */
const someServer = 'https://mastodon.example'

/** The same address at the real platform. */
export function toRealAddress(
  { endpoints, connect }: Manifest,
  fake: FakePlatform,
  address: string | URL,
): URL {
  const { href } = new URL(address)
  const own = fake.serverOrigins.map((base) => ({ name: 'server', base, real: someServer }))
  const declared = Object.entries(fake.endpoints).map(([name, base]) => ({
    name,
    base,
    real: endpoints[name]?.url ?? base,
  }))
  const fitting = [...own, ...declared].filter(({ base }) => href.startsWith(base))
  const longest = Math.max(...fitting.map(({ base }) => base.length))
  const possible = fitting
    .filter(({ base }) => base.length === longest)
    .map(({ name, base, real }) => ({ name, url: new URL(real + href.slice(base.length)) }))
  // The sandbox has one origin for what are several at the platform; only the consent page is not at the API's.
  const { authorizationUrl = '' } = connect.oauth2 ?? {}
  const consent = possible.find(({ name, url }) => {
    const [start, path] = authorizationUrl.split('}')
    return start === `{${name}` && url.pathname === path
  })
  const found = consent ?? possible.find(({ name }) => name === 'api') ?? possible[0]
  if (!found) throw new Error(`No endpoint has the address ${new URL(address).origin}.`)
  return found.url
}
