import { createRequire } from 'node:module'
import type { SandboxPlatform } from '@postmcp/sandbox'

type App = ReturnType<SandboxPlatform['routes']>

/** What a simulation in `packages/sandbox` imports from 'hono', which this package does not depend on. */
const fromSandbox = createRequire(createRequire(import.meta.url).resolve('@postmcp/sandbox/package.json'))
export const { Hono } = fromSandbox('hono') as { Hono: new () => App }
