import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Flags } from '@oclif/core'
import { BaseCommand } from '../../base-command.js'
import { cliError } from '../../errors.js'
import { readKeyRing } from '../../local-api.js'

export default class KeysBackup extends BaseCommand {
  static override summary = 'Copy the key ring, without which no stored credential can be opened again.'
  static override description =
    'Whoever has it and your database can act as you: keep it where you keep passwords, and apart from back-ups of the database. To restore it, put the file back as keyring.json into the data directory, or its content into POSTMCP_KEYRING.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --output /media/stick/postmcp-keyring.json',
    '<%= config.bin %> <%= command.id %> --output - | gpg --encrypt --recipient you > keyring.gpg',
  ]
  static override flags = {
    output: Flags.string({
      summary: 'A new file, which only you will be able to read; `-` is standard output.',
      helpValue: 'FILE',
      default: 'postmcp-keyring.json',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(KeysBackup)
    const isToStdout = flags.output === '-'
    if (isToStdout && process.stdout.isTTY) {
      throw cliError(
        'invalid_request',
        'The key ring is a secret and not shown on a terminal.',
        'Name a file, or pipe it on.',
      )
    }
    const keyRing = await readKeyRing(process.env)
    if (!keyRing) {
      throw cliError(
        'keyring_missing',
        'There is no key ring yet.',
        'It is made by the first start, such as `postmcp serve`.',
      )
    }
    if (isToStdout) {
      if (!this.jsonEnabled()) this.logJson(keyRing)
      return keyRing
    }
    const file = resolve(flags.output)
    await writeNew(file, `${JSON.stringify(keyRing, null, 2)}\n`)
    this.log(`Wrote the key ring to ${file}. Keep it safe, and apart from the database.`)
    return { file }
  }
}

/** Never over something that is there: it may be the only copy of another key ring. */
async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { mode: 0o600, flag: 'wx', flush: true })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const why = code === 'EEXIST' ? 'is there already' : `cannot be written (${String(code)})`
    throw cliError('invalid_request', `The file ${file} ${why}.`, 'Name another file with --output.', error)
  }
}
