import { Flags } from '@oclif/core'
import type { Finding } from '@postmcp/sdk'
import { BaseCommand } from '../base-command.js'
import { renderFindings } from '../render/findings.js'

export default class Doctor extends BaseCommand {
  static override summary =
    'Look for what stands in the way of connecting and publishing, and say how to mend it.'
  static override description =
    'Looks at the application registered at each platform, the redirect address, whether the platform can be reached, the clock, and what the connected accounts were granted. Changes nothing. The exit status is 5 when something is wrong.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --platform slack --json',
  ]
  static override flags = { platform: Flags.string({ summary: 'Only this platform.' }) }

  async run(): Promise<{ data: Finding[] }> {
    const { flags } = await this.parse(Doctor)
    return this.withApi(async ({ api }) => {
      const { platform } = flags
      const { data } = await api.platforms.diagnose(platform === undefined ? {} : { platform })
      this.log(renderFindings(data))
      if (data.some(({ status }) => status === 'error')) process.exitCode = 5
      return { data }
    })
  }
}
