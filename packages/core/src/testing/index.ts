export { createFakeClock } from './fake-clock.js'
export type { FakePlatform } from './fake-platform.js'
export { testProvider } from './provider-suite.js'
