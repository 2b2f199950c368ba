import type { Random } from '../random.js'
import type { Person, Resource, World } from '../world.js'

/** What Slack knows of the workspace that a person installs apps in. */
export interface TeamFacts {
  teamId: string
  teamName: string
  domain: string
  /** The bot user that the app has there. */
  botUserId: string
  botId: string
}

/** What Slack knows of a channel. */
export interface ChannelFacts {
  teamId: string
  isPrivate: boolean
  isArchived: boolean
  /** Whether somebody invited the bot. */
  isMember: boolean
}

/** The app of the operator, as Slack names it. */
export const APP_ID = 'A0SANDBOX01'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** An id in Slack's form: a letter for the kind, then capitals and digits. */
const slackId = (random: Random, kind: string): string =>
  `${kind}0${Array.from({ length: 9 }, () => LETTERS[random.integer(LETTERS.length)]).join('')}`

/** A workspace with the one person who may install apps there. */
export function addWorkspace(world: World, { name, person }: { name: string; person: string }): Person {
  const { random } = world
  const team: TeamFacts = {
    teamId: slackId(random, 'T'),
    teamName: name,
    domain: name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
    botUserId: slackId(random, 'U'),
    botId: slackId(random, 'B'),
  }
  return world.addPerson({
    id: slackId(random, 'U'),
    name: `${person} (${name})`,
    handle: person.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
    facts: { ...team },
  })
}

/** A channel in the workspace of a person; by default public, and the bot is not in it. */
export function addChannel(
  world: World,
  person: Person,
  channel: { name: string } & Partial<Omit<ChannelFacts, 'teamId'>>,
): Resource {
  const { name, ...differing } = channel
  const facts: ChannelFacts = {
    teamId: teamOf(person).teamId,
    isPrivate: false,
    isArchived: false,
    isMember: false,
    ...differing,
  }
  return world.addResource({
    kind: 'channel',
    id: slackId(world.random, 'C'),
    name,
    ownerIds: [person.id],
    facts: { ...facts },
  })
}

/** The workspace of a person. */
export const teamOf = (person: Person): TeamFacts => person.facts as unknown as TeamFacts

/** What is known of a channel. */
export const channelOf = (resource: Resource): ChannelFacts => resource.facts as unknown as ChannelFacts
