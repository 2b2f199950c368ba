import { describe, expect, it } from 'vitest'
import type { HttpRequest } from '../http/http-client.js'
import { silentLogger } from '../model/ambient.js'
import type { ProviderContext } from '../provider/context.js'
import type { OAuth2Declaration } from '../provider/manifest.js'
import type { Provider } from '../provider/provider.js'
import { askTokenEndpoint } from './token-endpoint.js'

const client = { id: 'the-id', secrets: ['the+secret'], optionalScopes: [], values: {} }

/** Asks an endpoint that refuses, with what it was sent put into its error by `echo`. */
async function refusalOf(
  clientAuthentication: OAuth2Declaration['clientAuthentication'],
  echo: (request: HttpRequest) => unknown,
): Promise<unknown> {
  const request = async (asked: HttpRequest) => {
    const json = echo(asked)
    return { status: 400, headers: new Headers(), text: JSON.stringify(json), json }
  }
  const http = { request, within: () => http }
  const ctx = { http, clock: { now: () => new Date() }, logger: silentLogger } as unknown as ProviderContext
  const oauth2 = {
    clientAuthentication,
    tokenRequest: 'form',
    parameterNames: { clientId: 'client_id', clientSecret: 'client_secret', scope: 'scope' },
  }
  const provider = { manifest: { connect: { oauth2 } }, classifyError: () => ({ kind: 'refused' }) }
  const parameters = { grant_type: 'refresh_token', refresh_token: 'the/refresh/token' }
  const asked = { address: 'https://example.org/token', client, parameters }
  return askTokenEndpoint(ctx, provider as unknown as Provider, asked, 'refresh').catch(
    (error: unknown) => error,
  )
}

describe('an error of a token endpoint', () => {
  it('does not repeat what the endpoint repeats, in the code and in any form either', async () => {
    const inBody = await refusalOf('client_secret_post', ({ body }) => ({
      error: `I do not know ${body}`,
      error_description: 'Nor the/refresh/token with the+secret',
    }))
    expect(inBody).toMatchObject({
      platformCode:
        'I do not know grant_type=refresh_token&refresh_token=[hidden]&client_id=the-id&client_secret=[hidden]'.slice(
          0,
          100,
        ),
      message: 'Nor [hidden] with [hidden]',
    })
    const inHeader = await refusalOf('client_secret_basic', ({ headers }) => ({
      error: 'x',
      error_description: `No ${headers?.authorization}`,
    }))
    expect(inHeader).toMatchObject({ message: 'No Basic [hidden]' })
  })

  it('keeps a code that names what was asked for', async () => {
    const error = await refusalOf('none', () => ({ error: 'invalid_refresh_token' }))
    expect(error).toMatchObject({ platformCode: 'invalid_refresh_token' })
  })
})
