import { refusal, type Stage, takenDown, wrongPassword } from '@postmcp/tooling/test-servers/pds-facts/stage'
import { jwtPayload } from '@postmcp/tooling/test-servers/xrpc-calls'
import { describe, expect, it } from 'vitest'

export function describeLogins(stage: Stage): void {
  const { login, connected } = stage
  describe('createSession', () => {
    it('says the same to a wrong password, an unknown account and a malformed identifier', async () => {
      const answers = await Promise.all([
        login(stage.account.handle, 'aaaa-bbbb-cccc-dddd'),
        login('nobody.test', 'aaaa-bbbb-cccc-dddd'),
        login('!!', 'aaaa-bbbb-cccc-dddd'),
        login(`@${stage.account.handle}`, stage.account.password),
      ])
      for (const answer of answers) expect(refusal(answer)).toEqual(wrongPassword)
    })

    it('shows in the scope of the access token which kind of password was used', async () => {
      const ordinary = await stage.server.createAppPassword(stage.account)
      const privileged = await stage.server.createAppPassword(stage.account, { privileged: true })
      const passwords = [stage.account.password, ordinary.password, privileged.password]
      const answers = await Promise.all(passwords.map((password) => login(stage.account.handle, password)))
      expect(answers.map(({ json }) => jwtPayload(json.accessJwt).scope)).toEqual([
        'com.atproto.access',
        'com.atproto.appPass',
        'com.atproto.appPassPrivileged',
      ])
      const { iat, exp, ...access } = jwtPayload(answers[1]?.json.accessJwt)
      expect(access).toEqual({
        scope: 'com.atproto.appPass',
        aud: stage.server.did,
        sub: stage.account.did,
      })
      expect(Number(exp) - Number(iat)).toBe(7200)
      const { jti: _, ...refreshClaims } = jwtPayload(answers[1]?.json.refreshJwt)
      expect(refreshClaims).toMatchObject({ scope: 'com.atproto.refresh', sub: stage.account.did })
      expect(Number(refreshClaims.exp) - Number(refreshClaims.iat)).toBe(90 * 86400)
    })

    it('takes e-mail, DID and upper case; the password must be in its own case', async () => {
      const { password } = await stage.server.createAppPassword(stage.account)
      const identifiers = [
        stage.account.handle,
        stage.account.handle.toUpperCase(),
        stage.account.email,
        stage.account.did,
      ]
      const answers = await Promise.all(identifiers.map((identifier) => login(identifier, password)))
      const expected = {
        did: stage.account.did,
        handle: stage.account.handle,
        email: stage.account.email,
        emailConfirmed: expect.any(Boolean),
        active: true,
      }
      for (const answer of answers) expect(answer).toMatchObject({ status: 200, json: expected })
      expect(answers[0]?.json).not.toHaveProperty('status')
      expect(refusal(await login(stage.account.handle, password.toUpperCase()))).toEqual(wrongPassword)
    })

    it('calls an app password wrong while the account is taken down, and names the takedown only to the main password', async () => {
      const { owner, appPassword } = await connected()
      await stage.server.takedown(owner)
      expect(refusal(await login(owner.handle, appPassword.password))).toEqual(wrongPassword)
      expect(refusal(await login(owner.handle, appPassword.password, { allowTakendown: true }))).toEqual(
        wrongPassword,
      )
      expect(refusal(await login(owner.handle, owner.password))).toEqual(takenDown)
      const allowed = await login(owner.handle, owner.password, { allowTakendown: true })
      expect(allowed).toMatchObject({ status: 200, json: { active: false, status: 'takendown' } })
      expect(jwtPayload(allowed.json.accessJwt).scope).toBe('com.atproto.takendown')
      await stage.server.reverseTakedown(owner)
      expect((await login(owner.handle, appPassword.password)).status).toBe(200)
    })

    it('lets a deactivated account in and says so', async () => {
      const { owner, appPassword } = await connected()
      await stage.server.deactivate(owner)
      const answer = await login(owner.handle, appPassword.password)
      expect(answer).toMatchObject({ status: 200, json: { active: false, status: 'deactivated' } })
    })
  })
}
