const pacific = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/Los_Angeles',
  hourCycle: 'h23',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
})

const dayMs = 24 * 60 * 60 * 1000
const hourMs = 60 * 60 * 1000

/** Milliseconds on the clock of California since its midnight. */
function sinceMidnight(instant: Date): number {
  const parts = pacific.formatToParts(instant)
  const read = (type: string) => Number(parts.find((part) => part.type === type)?.value ?? 0)
  return (read('hour') * 60 * 60 + read('minute') * 60 + read('second')) * 1000 + instant.getUTCMilliseconds()
}

/**
 * When the daily quota of a Google Cloud project starts anew: midnight Pacific Time.
 * @see https://developers.google.com/youtube/v3/getting-started#quota (2026-11-22)
 */
export function nextPacificMidnight(now: Date): Date {
  const guess = new Date(now.getTime() + dayMs - sinceMidnight(now))
  // A day on which the clocks change has 23 or 25 hours: the guess is an hour late or early.
  const off = sinceMidnight(guess)
  if (off === 0) return guess
  return new Date(guess.getTime() + (off < 12 * hourMs ? -off : dayMs - off))
}
