import type { Options } from 'tsup'

/**
 * How every library package is built: ESM, CJS and types from the same entries.
 * `entry` maps the name of an output file to its source, as the package's `exports` list them.
 */
export function library(entry: Record<string, string>): Options {
  return {
    entry,
    format: ['esm', 'cjs'],
    dts: true,
    clean: true,
    sourcemap: true,
    target: 'node22',
    platform: 'node',
    splitting: true,
    treeshake: true,
  }
}
