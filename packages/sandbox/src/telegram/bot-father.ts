import type { PlatformKit } from '../platform.js'
import type { Random } from '../random.js'
import type { Person } from '../world.js'

const CLIENT_ID = 'botfather'

/** A bot token: the id of the bot, which stays, and 35 characters. */
export const newBotToken = (botId: string, random: Random): string => `${botId}:${random.text(35)}`

/** The id of the bot of a person. */
export const botIdOf = (person: Person): string => String(person.facts.botId)

/** Who gives out bot tokens: one bot for each person, with one living token. */
export interface BotFather {
  /** For the token service: the next token, of the bot it is asked for. */
  formToken(random: Random): string
  /** The living token of a person's bot; a new one where the last was taken away. */
  tokenOf(kit: PlatformKit, personId: string): string
}

/** Tokens are kept by the token service, so that what the sandbox can do to tokens works on them. */
export function createBotFather(): BotFather {
  const tokens = new Map<string, string>()
  let botId = ''
  return {
    formToken: (random) => newBotToken(botId, random),
    tokenOf(kit, personId) {
      const known = tokens.get(personId)
      if (known !== undefined && kit.tokens.inspect(known).state === 'valid') return known
      const person = kit.world.person(personId)
      if (!person) throw new Error(`Nobody has the id ${personId}.`)
      if (!kit.tokens.client(CLIENT_ID)) {
        kit.tokens.registerClient({ id: CLIENT_ID, name: 'Bot', secrets: [], redirectUris: [] })
      }
      botId = botIdOf(person)
      const { accessToken } = kit.tokens.issue({ clientId: CLIENT_ID, personId, scopes: [] })
      tokens.set(personId, accessToken)
      return accessToken
    },
  }
}
