// @boundaries-ignore the bench runs core's sources, and deeper parts of them than the package shows the world
export * from '../../packages/core/src/testing/bench-parts.js'
