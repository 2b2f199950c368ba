import { Hono } from 'hono'
import type { SandboxPlatform } from '../platform.js'
import { CONDITIONS } from './access.js'
import { answerError, createErrors, ProblemError } from './errors.js'
import { createMedia } from './media.js'
import { createOAuth } from './oauth.js'
import { createPosts } from './posts.js'
import { describeEachAnswer } from './rate-limits.js'
import { Uploads } from './uploads.js'
import { createUsers } from './users.js'

const DAY = 24 * 3600

/** X, its API of version 2. */
export const createX = (): SandboxPlatform => ({
  id: 'x',
  name: 'X',
  endpoints: { www: '', api: '' },
  browserPaths: ['/i/oauth2/authorize'],
  consentPaths: ['/i/oauth2/authorize'],
  app: { clientId: 'c2FuZGJveC1jbGllbnQ6MTpjaQ', clientSecret: 'sandbox-client-secret-of-x' },
  tokens: {
    codeLifeSeconds: 30,
    accessLifeSeconds: 7200,
    // About half a year, says the documentation.
    refreshLifeSeconds: 180 * DAY,
    rotation: 'rotating',
    replay: 'single_use',
    codeReplayRevokes: false,
    pkce: 'required',
    formats: {
      code: (random) => encode(`${random.text(32)}:${random.digits(13)}:1:1:ac:1`),
      accessToken: (random) => encode(`${random.text(32)}:${random.digits(13)}:1:1:at:1`),
      refreshToken: (random) => encode(`${random.text(32)}:${random.digits(13)}:1:1:rt:1`),
    },
  },
  conditions: CONDITIONS,
  connectFields: () => ({}),
  seed(world) {
    world.addPerson({ name: 'Ada Sandbox', handle: 'ada_sandbox' })
    world.addPerson({ name: 'Ben Sandbox', handle: 'ben_sandbox', facts: { subscriptionType: 'Premium' } })
  },
  errors: createErrors,
  routes(kit) {
    const app = new Hono()
    app.onError(answerError)
    app.notFound((c) => answerError(new ProblemError(404, 'Not Found', 'Not Found'), c))
    app.use('/2/*', describeEachAnswer(kit))
    app.route('/', createOAuth(kit))
    app.route('/', createUsers(kit))
    const uploads = new Uploads(kit)
    app.route('/', createMedia(kit, uploads))
    app.route('/', createPosts(kit, uploads))
    return app
  },
})

const encode = (text: string) => Buffer.from(text).toString('base64url')
