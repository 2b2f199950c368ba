import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/** Where a Chromium or Chrome usually is. */
const usual = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * A real browser without a window: CHROME_PATH, the one of this machine, or the one that npm brought along.
 * @param args what else it is started with
 */
export async function openBrowser(args: readonly string[] = []): Promise<Browser> {
  const executablePath =
    process.env.CHROME_PATH ?? usual.find((path) => existsSync(path)) ?? (await brought())
  return chromium.launch({ executablePath, args: [...quiet, ...args], headless: true })
}

async function brought(): Promise<string> {
  const { default: bundled } = await import('@sparticuz/chromium')
  return bundled.executablePath()
}
