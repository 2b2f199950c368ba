import type { Provider } from '@postmcp/core'
import { bluesky } from './bluesky/index.js'
import { discord } from './discord/index.js'
import { facebook } from './facebook/index.js'
import { instagram } from './instagram/index.js'
import { linkedin } from './linkedin/index.js'
import { mastodon } from './mastodon/index.js'
import { pinterest } from './pinterest/index.js'
import { slack } from './slack/index.js'
import { telegram } from './telegram/index.js'
import { threads } from './threads/index.js'
import { tiktok } from './tiktok/index.js'
import { x } from './x/index.js'
import { youtube } from './youtube/index.js'

export {
  bluesky,
  discord,
  facebook,
  instagram,
  linkedin,
  mastodon,
  pinterest,
  slack,
  telegram,
  threads,
  tiktok,
  x,
  youtube,
}

/** All platforms, in the order they are listed. */
export const providers: Provider[] = [
  bluesky,
  mastodon,
  youtube,
  slack,
  discord,
  telegram,
  instagram,
  facebook,
  threads,
  tiktok,
  linkedin,
  x,
  pinterest,
]
