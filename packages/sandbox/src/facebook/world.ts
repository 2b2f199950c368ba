import type { PlatformKit } from '../platform.js'
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

/** Two people, their Pages, a Page of a portfolio, and one on which one of them only reads numbers. */
export function seedPages(world: World): void {
  const ada = world.addPerson({ name: 'Ada Sandbox', handle: 'ada' })
  const ben = world.addPerson({ name: 'Ben Sandbox', handle: 'ben' })
  addPage(world, { name: 'Ada’s Bakery', username: 'adasbakery', ownerIds: [ada.id] })
  addPage(world, { name: 'Corner Café', ownerIds: [ada.id, ben.id] })
  addPage(world, { name: 'Numbers Only', ownerIds: [ada.id], tasks: ['ANALYZE'] })
  const business = { id: world.snowflake(), name: 'Sandbox Portfolio' }
  addPage(world, { name: 'Portfolio Page', username: 'portfoliopage', ownerIds: [ada.id], business })
}

/** Whether a person holds a role on the Page now. */
export const hasRole = (person: Person, page: Resource): boolean =>
  page.ownerIds.includes(person.id) && person.condition !== 'no_page_role'

/** All fields of a Page that anyone may ask for here. */
export function describePage(kit: PlatformKit, page: Resource) {
  const { username, isPublished } = factsOf(page)
  const owner = kit.world.person(page.ownerIds[0] ?? '')
  return {
    id: page.id,
    name: page.name,
    ...(username !== null && { username }),
    is_published: isPublished,
    link: `${kit.base()}/www/${page.id}`,
    ...(owner && {
      picture: { data: { height: 200, width: 200, is_silhouette: false, url: kit.avatarUrl(owner) } },
    }),
  }
}
