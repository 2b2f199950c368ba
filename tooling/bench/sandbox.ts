// @boundaries-ignore what an operator sets is the same as in tests
export { operatorEnv, publicUrl } from '../../apps/api/test/support/operator-env.js'
// @boundaries-ignore the bench runs the simulated platforms from their sources
export { approve, startSandbox } from '../../packages/sandbox/src/index.js'
