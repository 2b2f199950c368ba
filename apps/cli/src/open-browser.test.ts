import { describe, expect, test, vi } from 'vitest'
import { hasScreen, openBrowser } from './open-browser.js'

describe('opening a page', () => {
  test.each(['javascript:alert(1)', 'file:///etc/passwd', '--help', 'nonsense', ''])(
    'does not start anything for %j',
    (address) => {
      const start = vi.fn()
      expect(openBrowser(address, start)).toBe(false)
      expect(start).not.toHaveBeenCalled()
    },
  )

  test('hands the address over as one argument', () => {
    const start = vi.fn()
    expect(openBrowser('https://post.example.org/start/x?a=1&b=$(id)', start)).toBe(true)
    expect(start.mock.calls[0]?.[1].at(-1)).toBe('https://post.example.org/start/x?a=1&b=$(id)')
  })
})

test.each<[Record<string, string>, NodeJS.Platform, boolean]>([
  [{}, 'linux', false],
  [{ DISPLAY: ':0' }, 'linux', true],
  [{ WAYLAND_DISPLAY: 'wayland-0' }, 'linux', true],
  [{ DISPLAY: ':10', SSH_CONNECTION: '192.0.2.1' }, 'linux', false],
  [{}, 'darwin', true],
  [{ SSH_TTY: '/dev/ttys1' }, 'darwin', false],
  [{}, 'win32', true],
])('with %j on %s there is a screen: %s', (env, platform, expected) => {
  expect(hasScreen(env, platform)).toBe(expected)
})
