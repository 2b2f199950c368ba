import { Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { Person } from '../world.js'
import { requirePerson } from './access.js'
import { ProblemError } from './errors.js'
import { limitPerPerson } from './rate-limits.js'

/** @see https://docs.x.com/x-api/users/user-lookup-me */
export function createUsers(kit: PlatformKit): Hono {
  const app = new Hono()

  app.get('/2/users/me', limitPerPerson(kit, 75), (c) => {
    const person = requirePerson(kit, c, ['users.read', 'tweet.read'])
    const all = describeUser(kit, person)
    const asked = (c.req.query('user.fields') ?? '').split(',').filter(Boolean)
    const unknown = asked.find((field) => !Object.hasOwn(all, field))
    if (unknown !== undefined) {
      const message = `The \`user.fields\` query parameter value [${unknown}] is not one of those that are known.`
      throw new ProblemError(400, 'Invalid Request', message, {
        type: 'invalid-request',
        details: { errors: [{ parameters: { 'user.fields': asked }, message }] },
      })
    }
    const shown = new Set(['id', 'name', 'username', ...asked])
    return c.json({ data: Object.fromEntries(Object.entries(all).filter(([field]) => shown.has(field))) })
  })
  return app
}

const describeUser = (kit: PlatformKit, person: Person) => ({
  id: person.id,
  name: person.name,
  username: person.handle,
  created_at: '2020-01-01T00:00:00.000Z',
  description: '',
  profile_image_url: kit.avatarUrl(person),
  protected: person.condition === 'protected',
  url: '',
  verified: person.facts.subscriptionType !== undefined,
  verified_type: person.facts.subscriptionType === undefined ? 'none' : 'blue',
  subscription_type: person.facts.subscriptionType ?? 'None',
})
