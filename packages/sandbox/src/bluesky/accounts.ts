import type { PlatformKit } from '../platform.js'
import type { Random } from '../random.js'
import type { Person, World } from '../world.js'
import { authRequired, XrpcError } from './errors.js'
import { SigningKey } from './signing-keys.js'

/**
 * How the moderators or the owner may have switched an account off.
 * - `takendown`: by the moderators
 * - `suspended`: the same for a time; only the hosted service tells the two apart, and only in the status
 * - `deactivated`: by the owner, who can undo it
 * - `deleted`: nothing is left but the DID document
 * - `email_factor`: nothing is wrong, but the main password asks for a code sent by e-mail
 * - `unconfirmed_email`: nothing is wrong, but the video service takes nothing
 */
export const CONDITIONS = [
  'takendown',
  'suspended',
  'deactivated',
  'deleted',
  'email_factor',
  'unconfirmed_email',
] as const

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const base32Text = (random: Random, length: number) =>
  Array.from(random.bytes(length), (byte) => BASE32[byte % 32]).join('')

/** A DID of the form that the PLC directory gives. @see https://web.plc.directory/spec/v0.1/did-plc */
const newDid = (random: Random): string => `did:plc:${base32Text(random, 24)}`

/** An app password: four groups of four. */
export const newAppPassword = (random: Random): string =>
  base32Text(random, 16).replace(/(.{4})(?=.)/g, '$1-')

/** Somebody with an account; the id of the person is the DID. */
export const addAccount = (world: World, random: Random, name: string, handle: string): Person =>
  world.addPerson({ id: newDid(random), name, handle })

/** Ends of the handles that this server gives out. `.test` is reserved for what never leaves a machine. */
export const HANDLE_DOMAIN = '.test'

/** Where they get mail, and can log in with. */
export const emailOf = ({ handle }: Person): string => `${handle.replace(/\.test$/, '')}@mail.test`

/** The password of all rights; nobody may give it to a client, but somebody always does. */
export const mainPasswordOf = ({ handle }: Person): string => `main-password-of-${handle}`

/** Whether moderators have taken the account away, for good or for a time. */
export const isTakenDown = ({ condition }: Person): boolean =>
  condition === 'takendown' || condition === 'suspended'

/** Switched on, or why not; `deleted` accounts are not even looked up. */
export const statusOf = ({ condition }: Person): { active: boolean; status?: string } =>
  isSwitchedOff(condition) ? { active: false, status: condition } : { active: true }

const isSwitchedOff = (condition: string) => ['takendown', 'suspended', 'deactivated'].includes(condition)

/** The account with this DID or handle, in whatever state; undefined for deleted ones. */
export function findAccount({ world }: PlatformKit, didOrHandle: string): Person | undefined {
  const name = didOrHandle.toLowerCase()
  const found = world.people().find(({ id, handle }) => id === name || handle === name)
  return found?.condition === 'deleted' ? undefined : found
}

/** As `findAccount`, but only those that the public sees. */
export function findActiveAccount(kit: PlatformKit, didOrHandle: string): Person | undefined {
  const found = findAccount(kit, didOrHandle)
  return found && statusOf(found).active ? found : undefined
}

/**
 * The account that is to be written to.
 * @throws XrpcError when it is gone, or in a state that was asked not to pass
 */
export function requireAccount(
  kit: PlatformKit,
  didOrHandle: string,
  refuse: { takenDown?: boolean; deactivated?: boolean },
): Person {
  const person = findAccount(kit, didOrHandle)
  if (!person) throw new XrpcError(403, 'AccountNotFound', 'Account not found')
  if (refuse.takenDown && isTakenDown(person)) throw accountTakedown()
  if (refuse.deactivated && person.condition === 'deactivated')
    throw authRequired('Account is deactivated', 'AccountDeactivated')
  return person
}

/** Of a suspension it says the same. */
export const accountTakedown = (): XrpcError => authRequired('Account has been taken down', 'AccountTakedown')

/** The document of an account, as the directory has it. */
export const describeDid = (kit: PlatformKit, { id, handle }: Person) => ({
  '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
  id,
  alsoKnownAs: [`at://${handle}`],
  verificationMethod: [
    {
      id: `${id}#atproto`,
      type: 'Multikey',
      controller: id,
      publicKeyMultibase: new SigningKey(kit, id).multibase,
    },
  ],
  service: [
    { id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: new URL(kit.base()).origin },
  ],
})
