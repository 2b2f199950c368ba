import { createPublicKey, ECDH, verify } from 'node:crypto'
import { refusal, type Stage } from '@postmcp/tooling/test-servers/pds-facts/stage'
import { jwtPayload, pngOf } from '@postmcp/tooling/test-servers/xrpc-calls'
import { describe, expect, it } from 'vitest'

const uploadBlob = 'com.atproto.repo.uploadBlob'
const videoService = 'did:web:video.bsky.app'

/** Tokens with which another service acts for an account at its server: the video service puts what it has made by them. */
export function describeServiceAuth(stage: Stage): void {
  const { upload, connected } = stage
  const ask = (query: Record<string, string>, auth: unknown = stage.auth) =>
    stage.call('com.atproto.server.getServiceAuth', { query, auth })
  const inSeconds = (seconds: number) => String(Math.floor(stage.server.now().getTime() / 1000) + seconds)
  const tokenFor = async (query: Record<string, string>) => {
    const { json, text } = await ask(query)
    if (typeof json.token !== 'string') throw new Error(`No token came, but ${text}`)
    return json.token
  }
  const invalid = (message: string) => [400, 'InvalidRequest', message]

  describe('getServiceAuth', () => {
    it('gives a token of the account, for one service and one method, for a minute', async () => {
      const { status, json } = await ask({ aud: videoService, lxm: 'app.bsky.video.getUploadLimits' })
      expect(status).toBe(200)
      const [header = '', , signature = ''] = String(json.token).split('.')
      expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ typ: 'JWT', alg: 'ES256K' })
      const { iat, exp, jti, ...claims } = jwtPayload(json.token)
      expect(claims).toEqual({
        iss: stage.account.did,
        aud: videoService,
        lxm: 'app.bsky.video.getUploadLimits',
      })
      expect(jti).toMatch(/^[0-9a-f]{32}$/)
      expect(Number(exp) - Number(iat)).toBe(60)

      const signed = Buffer.from(String(json.token).split('.').slice(0, 2).join('.'))
      const key = { key: await signingKey(stage), dsaEncoding: 'ieee-p1363' as const }
      expect(verify('sha256', signed, key, Buffer.from(signature, 'base64url'))).toBe(true)
    })

    it('gives one for an hour at most, and without a method for a minute at most', async () => {
      const forUploads = { aud: stage.server.did, lxm: uploadBlob }
      const exp = inSeconds(1800)
      expect(jwtPayload(await tokenFor({ ...forUploads, exp })).exp).toBe(Number(exp))
      expect(refusal(await ask({ ...forUploads, exp: inSeconds(3700) }))).toEqual([
        400,
        'BadExpiration',
        'cannot request a token with an expiration more than an hour in the future',
      ])
      expect(refusal(await ask({ ...forUploads, exp: inSeconds(-10) }))).toEqual([
        400,
        'BadExpiration',
        'expiration is in past',
      ])
      expect(refusal(await ask({ aud: stage.server.did, exp: inSeconds(120) }))).toEqual([
        400,
        'BadExpiration',
        'cannot request a method-less token with an expiration more than a minute in the future',
      ])
      expect(jwtPayload(await tokenFor({ aud: stage.server.did }))).not.toHaveProperty('lxm')
    })

    it('refuses what is no service or no method, and methods that only the account itself may call', async () => {
      const prefix = 'Invalid com.atproto.server.getServiceAuth params:'
      const aud = stage.server.did
      const cases: [query: Record<string, string>, message: string][] = [
        [{ lxm: uploadBlob }, `${prefix} Missing required key "aud"`],
        [{ aud: 'nope', lxm: uploadBlob }, 'aud must be a valid atproto DID or did#serviceId reference'],
        [{ aud, lxm: 'no method' }, `${prefix} Invalid NSID (got "no method")`],
        [{ aud, lxm: uploadBlob, exp: 'soon' }, `${prefix} Expected integer value type (got "soon")`],
        ...['com.atproto.server.createAppPassword', 'com.atproto.server.getSession'].map(
          (lxm): [Record<string, string>, string] => [
            { aud, lxm },
            `cannot request a service auth token for the following protected method: ${lxm}`,
          ],
        ),
        ...['com.atproto.server.createAccount', 'chat.bsky.convo.listConvos'].map(
          (lxm): [Record<string, string>, string] => [
            { aud, lxm },
            `insufficient access to request a service auth token for the following method: ${lxm}`,
          ],
        ),
      ]
      for (const [query, message] of cases) expect(refusal(await ask(query))).toEqual(invalid(message))
    })

    it('goes on while the account is switched off', async () => {
      for (const condition of ['takedown', 'deactivate'] as const) {
        const { owner, accessJwt } = await connected()
        await stage.server[condition](owner)
        const { status, json } = await ask({ aud: stage.server.did, lxm: uploadBlob }, accessJwt)
        expect(status).toBe(200)
        expect((await upload(pngOf(), 'image/png', json.token)).status).toBe(200)
      }
    })
  })

  describe('a token for another service', () => {
    it('uploads in place of a session where it names this server and this method', async () => {
      const token = await tokenFor({ aud: stage.server.did, lxm: uploadBlob })
      const { status, blob } = await upload(pngOf(90), 'image/png', token)
      expect([status, blob.size]).toEqual([200, 90])
      expect((await upload(pngOf(90), 'image/png')).blob).toEqual(blob)
    })

    it('is refused for another server, another method or none, after its time, and when it was changed', async () => {
      const use = async (token: unknown) => refusal(await upload(pngOf(), 'image/png', token))
      const aud = stage.server.did
      expect(await use(await tokenFor({ aud: videoService, lxm: uploadBlob }))).toEqual([
        401,
        'BadJwtAudience',
        'jwt audience does not match service did',
      ])
      expect(await use(await tokenFor({ aud, lxm: 'app.bsky.video.getUploadLimits' }))).toEqual([
        401,
        'BadJwtLexiconMethod',
        `bad jwt lexicon method ("lxm"). must match: ${uploadBlob}`,
      ])
      expect(await use(await tokenFor({ aud }))).toEqual([400, 'InvalidToken', 'Token could not be verified'])
      const [header, , signature] = (await tokenFor({ aud, lxm: uploadBlob })).split('.')
      const claims = { ...jwtPayload(await tokenFor({ aud, lxm: uploadBlob })), exp: Number(inSeconds(3000)) }
      const forged = [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
      expect(await use(forged)).toEqual([401, 'BadJwtSignature', 'jwt signature does not match jwt issuer'])
      const short = await tokenFor({ aud, lxm: uploadBlob, exp: inSeconds(1) })
      await stage.server.pass(2_100)
      expect(await use(short)).toEqual([401, 'JwtExpired', 'jwt expired'])
    })
  })
}

/** The key that the account's document names, in either of the two forms in which directories show it. */
async function signingKey({ server, account }: Stage) {
  const document = (await (await fetch(`${server.plcUrl}/${account.did}`)).json()) as {
    verificationMethod: { id: string; publicKeyMultibase: string }[]
  }
  const method = document.verificationMethod.find(({ id }) => id.endsWith('#atproto'))
  const bytes = fromBase58(method?.publicKeyMultibase.slice(1) ?? '')
  const isNamed = bytes[0] === 0xe7 && bytes[1] === 0x01
  const key = isNamed ? bytes.subarray(2) : bytes
  const point = Buffer.from(
    ECDH.convertKey(key, 'secp256k1', undefined, 'hex', 'uncompressed').toString(),
    'hex',
  )
  const coordinate = (from: number) => point.subarray(from, from + 32).toString('base64url')
  const jwk = { kty: 'EC', crv: 'secp256k1', x: coordinate(1), y: coordinate(33) }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

function fromBase58(text: string): Buffer {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  const number = [...text].reduce((sum, digit) => sum * 58n + BigInt(alphabet.indexOf(digit)), 0n)
  const hex = number.toString(16)
  return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex')
}
