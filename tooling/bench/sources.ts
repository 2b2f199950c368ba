/**
 * Lets plain Node run the sources of this workspace, without a build: an import of `./name.js` may mean `./name.ts`, and a
 * package of ours means its sources. For `--import`, or to be imported before anything else is.
 */
import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, next) {
    const ours = { ...context, conditions: ['@postmcp/source', ...context.conditions] }
    try {
      return next(specifier, ours)
    } catch (error) {
      if (!/^\.{1,2}\/.*\.js$/.test(specifier)) throw error
      return next(specifier.replace(/\.js$/, '.ts'), ours)
    }
  },
})
