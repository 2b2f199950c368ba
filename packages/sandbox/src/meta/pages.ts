import type { Person, Resource, World } from '../world.js'

/** What the platform knows of a Page. */
export interface PageFacts {
  username: string | null
  /** What its owners may do on it. */
  tasks: readonly string[]
  /** The portfolio it belongs to; null: it is its owners' own. */
  business: { id: string; name: string } | null
  isPublished: boolean
}

export const factsOf = ({ facts }: Resource): PageFacts => facts as unknown as PageFacts

const ALL_TASKS = ['ADVERTISE', 'ANALYZE', 'CREATE_CONTENT', 'MESSAGING', 'MODERATE', 'MANAGE']

/** Adds a Page, or puts another state in the place of one with the same id. */
export function addPage(
  world: World,
  page: { id?: string; name: string; ownerIds: readonly string[] } & Partial<PageFacts>,
): Resource {
  const { id, name, ownerIds, ...facts } = page
  return world.addResource({
    kind: 'page',
    ...(id !== undefined && { id }),
    name,
    ownerIds,
    facts: { username: null, tasks: ALL_TASKS, business: null, isPublished: true, ...facts },
  })
}

/** Whether a person holds a role on the Page now. */
export const hasRole = (person: Person, page: Resource): boolean =>
  page.ownerIds.includes(person.id) && person.condition !== 'no_page_role'
