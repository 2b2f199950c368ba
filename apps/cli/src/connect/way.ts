import { Flags } from '@oclif/core'
import type { Platform } from '@postmcp/sdk'
import { fieldsInFlags, type Method, type Values } from '../credentials.js'

/** A connection that nobody goes on with has expired by then. */
export const longestWaitSeconds = 600

const helpGroup = 'BROWSER'

/** How far a command goes on by itself once somebody is needed at a browser. */
export const followFlags = {
  wait: Flags.integer({
    summary:
      'Wait until the browser is done, at most so many seconds; without a number for ten minutes. At a terminal that is so without this flag.',
    helpValue: '[SECONDS]',
    min: 1,
    max: 86_400,
    exclusive: ['no-wait', 'paste'],
    helpGroup,
  }),
  'no-wait': Flags.boolean({
    summary: 'Show where to go, and do not wait for the browser.',
    helpGroup,
  }),
  paste: Flags.boolean({
    summary:
      'Ask for the address the browser ended at, or read it from standard input: for where no browser can come back to the server.',
    helpGroup,
  }),
  open: Flags.boolean({
    summary:
      'Open the page in the default browser. At a terminal with a screen that is so without this flag.',
    allowNo: true,
    helpGroup,
  }),
}

/** How one connects where the platform asks for consent in a browser. */
export const browserFlags = {
  method: Flags.option({
    options: ['oauth2', 'credentials'] as const,
    summary: 'With consent in a browser, or with credentials, where the platform has both ways.',
    helpGroup,
  })(),
  way: Flags.string({
    summary: 'Which way through the browser, where the platform has several; see `postmcp platforms show`.',
    helpValue: 'WAY',
    helpGroup,
  }),
  'redirect-uri': Flags.string({
    summary: 'Where the platform sends the browser back to; one of those the server allows.',
    helpValue: 'ADDRESS',
    helpGroup,
  }),
  ...followFlags,
}

/** Gives a `--wait` without a number the longest wait, for oclif wants a value. */
export const withWaitSeconds = (argv: string[]): string[] =>
  argv.flatMap((word, at) =>
    word === '--wait' && !/^\d+$/.test(argv[at + 1] ?? '') ? [`--wait=${longestWaitSeconds}`] : [word],
  )

/**
 * The way to connect: the one asked for, else the one that has all fields given as flags; credentials first, unless something was
 * given that only a browser needs.
 */
export function chooseWay({ connect }: Pick<Platform, 'connect'>, flags: Values): Method {
  if (flags.method === 'oauth2' || flags.method === 'credentials') return flags.method
  const isForBrowser = flags['redirect-uri'] !== undefined || flags.way !== undefined || flags.paste === true
  const order = isForBrowser ? (['oauth2', 'credentials'] as const) : (['credentials', 'oauth2'] as const)
  const ways = order.filter((method) => connect[method] !== undefined)
  const given = fieldsInFlags(flags)
  const takesAll = (method: Method) =>
    given.every((name) => connect[method]?.fields.some((field) => field.name === name))
  return ways.find(takesAll) ?? ways[0] ?? 'credentials'
}

/** The way to reconnect; undefined where only the server knows how the account was connected. */
export function chooseWayAgain(platform: Pick<Platform, 'connect'>, flags: Values): Method | undefined {
  const { credentials, oauth2 } = platform.connect
  const isTold = ['method', 'way', 'redirect-uri', 'paste'].some((name) => flags[name] !== undefined)
  const isOpen = credentials && oauth2 && !isTold && fieldsInFlags(flags).length === 0
  return isOpen ? undefined : chooseWay(platform, flags)
}
