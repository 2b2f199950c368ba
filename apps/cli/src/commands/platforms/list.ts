import type { Page, Platform } from '@postmcp/sdk'
import { BaseCommand } from '../../base-command.js'
import { renderPlatforms } from '../../render/platform.js'

export default class PlatformsList extends BaseCommand {
  static override summary = 'List the platforms there are.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<Page<Platform>> {
    await this.parse(PlatformsList)
    return this.withApi(async ({ api }) => {
      const page = await api.platforms.list()
      this.log(renderPlatforms(page.data))
      return page
    })
  }
}
