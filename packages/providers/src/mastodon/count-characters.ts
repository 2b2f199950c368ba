import { countText } from '@postmcp/core'
import { withoutHosts } from './plain-text.js'

const address = /https?:\/\/[^\s<>"]+/gi
const usualPerUrl = 23

/**
 * How long a text is on an instance: characters as people see them, every address as long as the instance says, and of
 * `@user@host` only `@user`.
 * @see https://github.com/mastodon/mastodon/blob/main/app/validators/status_length_validator.rb (2026-08-08)
 */
export const countCharacters = (text: string, charactersPerUrl: number): number =>
  countText(
    withoutHosts(text.replaceAll(address, (found) => 'x'.repeat(charactersPerUrl) + punctuationAfter(found))),
    'graphemes',
  )

/** The end of a sentence is no part of the address before it. */
const punctuationAfter = (found: string): string => /[.,:;!?)\]}'*]*$/.exec(found)?.[0] ?? ''

/** As most instances count. */
export const countWeighted = (text: string): number => countCharacters(text, usualPerUrl)
