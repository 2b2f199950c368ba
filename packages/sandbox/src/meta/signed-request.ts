import { createHmac } from 'node:crypto'

/** The body with which Meta calls back when a person removed the app, or wants their data deleted. */
export function createSignedRequest(appSecret: string, userId: string, issuedAt: Date): URLSearchParams {
  const payload = Buffer.from(
    JSON.stringify({
      user_id: userId,
      algorithm: 'HMAC-SHA256',
      issued_at: Math.floor(issuedAt.getTime() / 1000),
    }),
  ).toString('base64url')
  const signature = createHmac('sha256', appSecret).update(payload).digest('base64url')
  return new URLSearchParams({ signed_request: `${signature}.${payload}` })
}
