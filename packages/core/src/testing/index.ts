export { createFakeClock, type FakeClock } from './fake-clock.js'
export type { FakeAccount, FakePlatform, Fault } from './fake-platform.js'
export { testProvider } from './provider-suite.js'
export { secretsIn } from './secrets.js'
