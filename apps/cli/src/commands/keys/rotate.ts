import { BaseCommand } from '../../base-command.js'
import { rotateKeyRing } from '../../local-api.js'

const words = {
  added: 'A new key is in the key ring.',
  held_by_all: 'Every living process has it.',
  promoted: 'New data keys are wrapped with it.',
  rewrapped: 'All others were wrapped with it anew.',
  retired: 'The old key is retired; it stays in the key ring, for back-ups of the database made with it.',
} as const

export default class KeysRotate extends BaseCommand {
  static override summary = 'Give the installation a new key for its credentials, while it runs.'
  static override description =
    'Works on the database itself, on a machine that has the key ring. With POSTMCP_KEYRING put a new key in front of the others first, for every process. May be repeated when it was interrupted.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<{ keyId: string }> {
    await this.parse(KeysRotate)
    const keyId = await rotateKeyRing(process.env, (step) => this.log(words[step]))
    this.log(`The key is now ${keyId}. Back the key ring up: postmcp keys backup`)
    return { keyId }
  }
}
