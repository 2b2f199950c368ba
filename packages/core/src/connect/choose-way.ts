import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import type { Provider } from '../provider/provider.js'
import { waysOf } from '../provider/ways.js'

/**
 * A platform as it is on the way that was asked for.
 * @param asked id of a way through the browser; undefined: the first or only one
 * @throws PostMcpError `unknown_platform`; `invalid_request` that lists the ways there are
 */
export function chooseWay(core: CoreContext, platform: string, asked: string | undefined): Provider {
  const provider = core.providers.get(platform)
  if (asked === undefined) return provider
  const { name } = provider.manifest
  const ids = waysOf(provider.manifest).map(({ id }) => id)
  const at = ids.indexOf(asked)
  if (at >= 0) return core.providers.get(platform, at === 0 ? null : asked)
  throw new PostMcpError(
    'invalid_request',
    ids.length === 0
      ? `${name} has one way through the browser only: leave out the way.`
      : `${name} is not connected by "${asked.slice(0, 40)}", but by ${ids.join(' or ')}.`,
  )
}
