import { library } from '@postmcp/tooling/tsup/library'
import { defineConfig } from 'tsup'

export default defineConfig({
  ...library({
    index: 'src/index.ts',
    bluesky: 'src/bluesky/index.ts',
    mastodon: 'src/mastodon/index.ts',
    youtube: 'src/youtube/index.ts',
    slack: 'src/slack/index.ts',
    telegram: 'src/telegram/index.ts',
    facebook: 'src/facebook/index.ts',
    tiktok: 'src/tiktok/index.ts',
    linkedin: 'src/linkedin/index.ts',
    x: 'src/x/index.ts',
    pinterest: 'src/pinterest/index.ts',
    instagram: 'src/instagram/index.ts',
    threads: 'src/threads/index.ts',
    discord: 'src/discord/index.ts',
  }),
  // A list in JSON, which Node imports only with an attribute that our builder does not know how to write.
  noExternal: ['tlds'],
})
