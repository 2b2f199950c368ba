import type { Validation } from '@postmcp/sdk'
import { BaseCommand } from '../../base-command.js'
import { contentFlags, readDraft } from '../../content.js'
import { exitCodeOf } from '../../errors.js'
import { renderValidation } from '../../render/post.js'

export default class PostValidate extends BaseCommand {
  static override summary = 'See whether something can be published; nothing is sent.'
  static override description = 'Exits with 2 when something stands against it.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --account @you.bsky.social --text - < text.txt',
  ]
  static override flags = contentFlags

  async run(): Promise<Validation> {
    const { flags } = await this.parse(PostValidate)
    return this.withApi(async ({ api }) => {
      const validation = await api.postGroups.validate(await readDraft(api, flags))
      this.log(renderValidation(validation))
      if (!validation.valid) process.exitCode = exitCodeOf('validation_failed')
      return validation
    })
  }
}
