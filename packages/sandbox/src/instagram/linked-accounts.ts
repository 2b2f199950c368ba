import { addPage, type PageFacts } from '../meta/pages.js'
import type { Resource, World } from '../world.js'

/** An Instagram account as Facebook knows it that is linked to a Page. */
export interface LinkedAccount {
  /** Another id than the one under which Instagram Login knows anybody. */
  id: string
  username: string
  name: string
}

/** The account that is linked to a Page; null: none. */
export const linkedAccountOf = ({ facts }: Resource): LinkedAccount | null =>
  (facts.instagram as LinkedAccount | undefined) ?? null

/** Adds a Page, with an account that is linked to it where one is named. */
export function addLinkedPage(
  world: World,
  page: {
    name: string
    ownerIds: readonly string[]
    /** The name of the account; null: the Page has none. */
    instagram: string | null
  } & Partial<Pick<PageFacts, 'tasks' | 'business'>>,
): Resource {
  const { instagram, ...rest } = page
  const added = addPage(world, rest)
  if (instagram === null) return added
  const account: LinkedAccount = {
    id: `1784${world.random.digits(13)}`,
    username: instagram,
    name: page.name,
  }
  return world.addResource({ ...added, facts: { ...added.facts, instagram: account } })
}

/** Pages with accounts linked to them, one without, one of a portfolio, and one on which its owner only reads numbers. */
export function seedLinkedPages(world: World, ada: string, ben: string): void {
  addLinkedPage(world, { name: 'Ada’s Bakery', ownerIds: [ada], instagram: 'adas.bakery' })
  addLinkedPage(world, { name: 'Corner Café', ownerIds: [ada, ben], instagram: 'corner.cafe' })
  addLinkedPage(world, { name: 'No Instagram', ownerIds: [ada], instagram: null })
  addLinkedPage(world, {
    name: 'Numbers Only',
    ownerIds: [ada],
    instagram: 'numbers.only',
    tasks: ['ANALYZE'],
  })
  const business = { id: world.snowflake(), name: 'Sandbox Portfolio' }
  addLinkedPage(world, { name: 'Portfolio Page', ownerIds: [ada], instagram: 'portfolio.page', business })
}
