import { closest } from 'fastest-levenshtein'
import { PostMcpError } from '../model/errors.js'
import type { Provider } from './provider.js'
import { furtherWaysOf, onWay } from './ways.js'

/** The platforms this installation knows, by id. */
export interface ProviderRegistry {
  /**
   * @param way the platform as it is on this further way; null, the default: on its first or only one
   * @throws PostMcpError `unknown_platform` that suggests the nearest id; `config_invalid` for a way there is not
   */
  get(platform: string, way?: string | null): Provider
  list(): Provider[]
  /** All of them, and those with several ways through the browser once for each. */
  listWays(): Provider[]
}

/** @throws PostMcpError `config_invalid` when two providers share an id. */
export function createRegistry(providers: readonly Provider[]): ProviderRegistry {
  const byId = new Map(providers.map((provider) => [provider.manifest.id, provider]))
  if (byId.size !== providers.length)
    throw new PostMcpError('config_invalid', 'Two providers have the same id.')
  const ids = [...byId.keys()]
  const views = new Map<string, Provider>()
  const view = (provider: Provider, way: string | null): Provider => {
    const key = `${provider.manifest.id} ${way}`
    const seen = views.get(key) ?? onWay(provider, way)
    views.set(key, seen)
    return seen
  }
  return {
    get(platform, way = null) {
      const provider = byId.get(platform)
      if (provider) return view(provider, way)
      const known = `Known platforms: ${ids.join(', ')}.`
      throw new PostMcpError(
        'unknown_platform',
        `There is no platform "${platform.slice(0, 40)}". Did you mean "${closest(platform.toLowerCase(), ids)}"? ${known}`,
      )
    },
    list: () => [...byId.values()],
    listWays: () =>
      [...byId.values()].flatMap((provider) =>
        [null, ...Object.keys(furtherWaysOf(provider.manifest))].map((way) => view(provider, way)),
      ),
  }
}
