import { createBluesky } from './bluesky/index.js'
import { createDiscord } from './discord/index.js'
import { createFacebook } from './facebook/index.js'
import { createInstagram } from './instagram/index.js'
import { createLinkedin } from './linkedin/index.js'
import { createMastodon } from './mastodon/index.js'
import { createPinterest } from './pinterest/index.js'
import type { SandboxPlatform } from './platform.js'
import { createSlack } from './slack/index.js'
import { createTelegram } from './telegram/index.js'
import { createThreads } from './threads/index.js'
import { createTikTok } from './tiktok/index.js'
import { createX } from './x/index.js'
import { createYouTube } from './youtube/index.js'

/** All simulated platforms, new ones with each call. */
export const platforms = (): SandboxPlatform[] => [
  createBluesky(),
  createMastodon(),
  createYouTube(),
  createSlack(),
  createDiscord(),
  createTelegram(),
  createInstagram(),
  createFacebook(),
  createThreads(),
  createTikTok(),
  createLinkedin(),
  createX(),
  createPinterest(),
]
