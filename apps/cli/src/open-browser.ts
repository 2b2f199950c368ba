import { spawn } from 'node:child_process'

/** What opens an address with the default browser; no shell reads the address. */
const openers: Partial<Record<NodeJS.Platform, [command: string, ...args: string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/** Whether there is a screen for a browser to appear on; at the other end of ssh it would be the wrong one. */
export function hasScreen(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): boolean {
  if (env.SSH_CONNECTION || env.SSH_TTY) return false
  if (platform === 'darwin' || platform === 'win32') return true
  return Boolean(env.DISPLAY || env.WAYLAND_DISPLAY)
}

/**
 * Opens a web page in the default browser. Nothing is said when that does not work: whoever calls has shown the address.
 * @returns whether it was tried; addresses that are not http or https are not
 */
export function openBrowser(
  address: string,
  start: (command: string, args: string[]) => void = startApart,
): boolean {
  const url = URL.parse(address)
  if (url === null || !/^https?:$/.test(url.protocol)) return false
  const [command, ...args] = openers[process.platform] ?? ['xdg-open']
  start(command, [...args, url.href])
  return true
}

function startApart(command: string, args: string[]): void {
  const child = spawn(command, args, { detached: true, stdio: 'ignore' })
  child.once('error', () => {})
  child.unref()
}
