import { expect, it } from 'vitest'
import { cannedContext, unsignedJwt } from './canned-context.js'

const endpoints = { api: 'https://api.example.org' }
const get = (path: string) => ({ method: 'GET' as const, url: `${endpoints.api}${path}` })

it('fails a request for which nothing is canned, and remembers it', async () => {
  const { ctx, requests, asked } = cannedContext({ '/me': {} }, { endpoints })
  await expect(ctx.http.request(get('/you?page=2'))).rejects.toThrow('Nothing is canned for /you.')
  expect(requests).toEqual([get('/you?page=2')])
  expect(asked()).toEqual(['/you'])
})

it('gives a list in turn and then nothing, and a single answer each time', async () => {
  const { ctx } = cannedContext({ '/list': [{ status: 503 }, {}], '/one': { status: 202 } }, { endpoints })
  const statusOf = async (path: string) => (await ctx.http.request(get(path))).status
  expect([await statusOf('/list'), await statusOf('/list')]).toEqual([503, 200])
  await expect(statusOf('/list')).rejects.toThrow('Nothing is canned')
  expect([await statusOf('/one'), await statusOf('/one')]).toEqual([202, 202])
})

it('answers as a server would: JSON, text that is none, nothing, or not at all', async () => {
  const broken = new Error('The connection broke.')
  const { ctx } = cannedContext(
    { '/json': { body: { a: 1 } }, '/text': { body: '<html>' }, '/empty': {}, '/lost': broken },
    { endpoints },
  )
  expect(await ctx.http.request(get('/json'))).toMatchObject({ text: '{"a":1}', json: { a: 1 } })
  expect(await ctx.http.request(get('/text'))).toMatchObject({ text: '<html>', json: undefined })
  expect(await ctx.http.request(get('/empty'))).toMatchObject({ text: '', json: undefined })
  await expect(ctx.http.within({}).request(get('/lost'))).rejects.toBe(broken)
})

it('takes the most precise key there is', async () => {
  const { ctx, asked } = cannedContext(
    { 'GET /me': { status: 201 }, '/me': { status: 202 } },
    { endpoints },
    ({ method, url }) => [`${method} ${new URL(url).pathname}`, new URL(url).pathname],
  )
  expect((await ctx.http.request(get('/me'))).status).toBe(201)
  expect((await ctx.http.request({ ...get('/me'), method: 'POST' })).status).toBe(202)
  expect(asked()).toEqual(['/me', '/me'])
})

it('makes tokens whose claims can be read', () => {
  const [, payload = ''] = unsignedJwt({ sub: 'ada' }).split('.')
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual({ sub: 'ada' })
})
