import type { Resource, World } from '../world.js'

/** Two members; two company pages, with another role of each of them. */
export function seed(world: World): void {
  const ada = world.addPerson({ id: 'adaSandbx1', name: 'Ada Sandbox', handle: 'ada' })
  const ben = world.addPerson({ id: 'benSandbx2', name: 'Ben Sandbox', handle: 'ben' })
  const addPage = (id: string, name: string, vanityName: string, roles: Record<string, string>) =>
    world.addResource({
      kind: 'organization',
      id,
      name,
      ownerIds: Object.keys(roles),
      facts: { vanityName, roles },
    })
  addPage('79000001', 'Sandbox Works', 'sandbox-works', { [ada.id]: 'ADMINISTRATOR', [ben.id]: 'ANALYST' })
  addPage('79000002', 'Sandbox Studio', 'sandbox-studio', { [ben.id]: 'CONTENT_ADMINISTRATOR' })
}

/** The role of a member at a company page. */
export function roleOf({ facts }: Resource, personId: string): string {
  const roles = facts.roles as Record<string, string> | undefined
  return roles?.[personId] ?? 'ADMINISTRATOR'
}
