import { Flags } from '@oclif/core'
import type { Page, PostGroup } from '@postmcp/sdk'
import { BaseCommand } from '../../base-command.js'
import { findAccountId } from '../../find-account.js'
import { pageFlags, repeated, words } from '../../flags.js'
import { renderGroups } from '../../render/post.js'

const states = [
  'draft',
  'scheduled',
  'queued',
  'publishing',
  'published',
  'failed',
  'unknown',
  'cancelled',
] as const

export default class PostList extends BaseCommand {
  static override summary = 'List the post groups, newest first.'
  static override description =
    'Those are listed that have a post with everything that is named: --state failed --platform x finds what failed at X. With --from or --to the latest come first, by the time at which they are to be published or, without one, were made.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --limit 10',
    '<%= config.bin %> <%= command.id %> --state failed --state unknown',
    '<%= config.bin %> <%= command.id %> --state scheduled --from 2026-12-01 --to 2026-12-07',
    '<%= config.bin %> <%= command.id %> --account @you.bsky.social --json',
  ]
  static override flags = {
    state: Flags.option({
      options: states,
      summary: 'Those with a post in this state. May be repeated: any of them will do.',
      ...repeated,
    })(),
    account: Flags.string({
      ...words.account,
      summary: 'Those with a post of this account, by its id or its handle. May be repeated.',
      ...repeated,
    }),
    platform: Flags.string({ summary: 'Those with a post at this platform. May be repeated.', ...repeated }),
    from: Flags.string({
      summary: 'From this time on, such as 2026-12-01, 2026-12-01T09:00 or 2026-12-01T09:00Z.',
      helpValue: 'TIME',
    }),
    to: Flags.string({ summary: 'Before this time, or to the end of this day.', helpValue: 'TIME' }),
    'time-zone': Flags.string({
      summary: "The time zone of --from and --to, such as Europe/Berlin. Default: this machine's.",
    }),
    ...pageFlags,
  }

  async run(): Promise<Page<PostGroup>> {
    const { flags } = await this.parse(PostList)
    const { account, 'time-zone': zone, ...query } = flags
    const isInTime = query.from !== undefined || query.to !== undefined
    const isFiltered = isInTime || [query.state, query.platform, account].some((given) => given !== undefined)
    return this.withApi(async ({ api }) => {
      const accountId: string[] = []
      for (const name of account ?? []) accountId.push(await findAccountId(api, name))
      const page = await api.postGroups.list({
        ...query,
        ...(account && { accountId }),
        ...(isInTime && { timeZone: zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone }),
      })
      this.log(renderGroups(page.data, isFiltered ? 'Nothing matches.' : 'Nothing was posted yet.'))
      this.noteMore(page)
      return page
    })
  }
}
