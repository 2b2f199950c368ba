import { addPage, factsOf } from '../meta/pages.js'
import type { PlatformKit } from '../platform.js'
import type { Resource, World } from '../world.js'

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
