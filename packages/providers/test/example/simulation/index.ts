import type { SandboxPlatform } from '@postmcp/sandbox'
import { createApi } from './api.js'
import { createErrors } from './errors.js'
import { createOAuth } from './oauth.js'

/** Example, API version 1: people with pages, and notes on them. */
export const createExample = (): SandboxPlatform => ({
  id: 'example',
  name: 'Example',
  endpoints: { web: '', api: '' },
  browserPaths: ['/oauth/authorize'],
  consentPaths: ['/oauth/authorize'],
  app: { clientId: 'postmcp', clientSecret: 'simulated-secret-of-the-example-app' },
  tokens: {
    codeLifeSeconds: 60,
    accessLifeSeconds: 3600,
    refreshLifeSeconds: 90 * 24 * 3600,
    rotation: 'rotating',
    replay: 'single_use',
    codeReplayRevokes: true,
    pkce: 'required',
  },
  conditions: ['suspended'],
  connectFields: () => ({}),
  seed(world) {
    const ada = world.addPerson({ name: 'Ada Sandbox', handle: 'ada' })
    const ben = world.addPerson({ name: 'Ben Sandbox', handle: 'ben' })
    world.addResource({ kind: 'page', name: 'Recipes', ownerIds: [ada.id] })
    world.addResource({ kind: 'page', name: 'Bicycles', ownerIds: [ada.id, ben.id] })
  },
  addAccount({ world }) {
    const number = world.people().length + 1
    const person = world.addPerson({ name: `Person ${number}`, handle: `person${number}` })
    const page = world.addResource({ kind: 'page', name: `Page ${number}`, ownerIds: [person.id] })
    return { personId: person.id, targetId: page.id, resourceId: page.id, fields: {}, wrongFields: {} }
  },
  errors: createErrors,
  routes(kit) {
    const app = createOAuth(kit)
    app.route('/v1', createApi(kit))
    return app
  },
})
