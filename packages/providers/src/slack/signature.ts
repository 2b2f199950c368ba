import { createHmac, timingSafeEqual } from 'node:crypto'

/** Older and newer requests are not Slack's, or have been heard before. */
const windowSeconds = 300

/**
 * Whether Slack signed a request, with one of these secrets and within five minutes of now.
 * @see https://docs.slack.dev/authentication/verifying-requests-from-slack (2026-11-22)
 */
export function isSigned(
  request: { headers: Headers; body: Uint8Array },
  signingSecrets: readonly string[],
  now: Date,
): boolean {
  const timestamp = request.headers.get('x-slack-request-timestamp') ?? ''
  const signature = Buffer.from(request.headers.get('x-slack-signature') ?? '')
  if (!/^\d{1,12}$/.test(timestamp)) return false
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > windowSeconds) return false
  return signingSecrets.some((secret) => {
    const digest = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(request.body).digest('hex')
    const expected = Buffer.from(`v0=${digest}`)
    return expected.length === signature.length && timingSafeEqual(expected, signature)
  })
}
