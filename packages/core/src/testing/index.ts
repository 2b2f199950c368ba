export { runPostTurn } from '../publish/post-turn.js'
export {
  type Canned,
  type CannedAnswer,
  cannedContext,
  contextWith,
  unsignedJwt,
} from './canned-context.js'
export { createFakeClock } from './fake-clock.js'
export type { FakeAccount, FakePlatform, SeenPost } from './fake-platform.js'
export { answerLookups, restoreLookup } from './lookups.js'
export { type ConnectedAccount, type Exchange, type ProviderRun, startRun } from './provider-run.js'
export { testProvider } from './provider-suite.js'
export { publishInputOf } from './publish-input.js'
export { sampleKinds, whyNot } from './sample-content.js'
export { createSampleFiles, type SampleFiles } from './sample-files.js'
export { grownVideo, type SampleVideo, sampleImage, sampleVideo } from './sample-media.js'
