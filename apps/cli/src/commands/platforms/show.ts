import { Args } from '@oclif/core'
import type { Platform } from '@postmcp/sdk'
import { BaseCommand } from '../../base-command.js'
import { renderPlatform } from '../../render/platform.js'

export default class PlatformsShow extends BaseCommand {
  static override summary = 'Show what a platform needs and allows.'
  static override examples = ['<%= config.bin %> <%= command.id %> bluesky']
  static override args = { platform: Args.string({ description: 'Such as bluesky.', required: true }) }

  async run(): Promise<Platform> {
    const { args } = await this.parse(PlatformsShow)
    return this.withApi(async ({ api }) => {
      const platform = await api.platforms.get(args.platform)
      this.log(renderPlatform(platform))
      return platform
    })
  }
}
