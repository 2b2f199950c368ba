import { closest } from 'fastest-levenshtein'
import { PostMcpError } from '../model/errors.js'
import type { Provider } from './provider.js'

/** The platforms this installation knows, by id. */
export interface ProviderRegistry {
  /** @throws PostMcpError `unknown_platform` that suggests the nearest id. */
  get(platform: string): Provider
  list(): Provider[]
}

/** @throws PostMcpError `config_invalid` when two providers share an id. */
export function createRegistry(providers: readonly Provider[]): ProviderRegistry {
  const byId = new Map(providers.map((provider) => [provider.manifest.id, provider]))
  if (byId.size !== providers.length)
    throw new PostMcpError('config_invalid', 'Two providers have the same id.')
  const ids = [...byId.keys()]
  return {
    get(platform) {
      const provider = byId.get(platform)
      if (provider) return provider
      const known = `Known platforms: ${ids.join(', ')}.`
      throw new PostMcpError(
        'unknown_platform',
        `There is no platform "${platform.slice(0, 40)}". Did you mean "${closest(platform.toLowerCase(), ids)}"? ${known}`,
      )
    },
    list: () => [...byId.values()],
  }
}
