import { describe, expect, it } from 'vitest'
import { readSettings } from './env.js'
import { platformRegistry } from './installation.js'

const registry = platformRegistry()
const read = (env: Record<string, string>) => readSettings(env, registry)
const thrownBy = (env: Record<string, string>): unknown => {
  try {
    return read(env)
  } catch (error) {
    return error
  }
}
const bucket = { POSTMCP_MEDIA_S3_BUCKET: 'media' }
const keys = { POSTMCP_MEDIA_S3_ACCESS_KEY_ID: 'AKIA', POSTMCP_MEDIA_S3_SECRET_ACCESS_KEY: 'SECRET' }

describe('settings of media', () => {
  it('are these where nothing is set', () => {
    expect(read({})).toMatchObject({
      mediaLimits: { maxBytes: 4 * 1024 ** 3, keepDays: 90 },
      mediaBucket: null,
    })
  })

  it('name a bucket at Amazon, or at a service like it', () => {
    expect(read(bucket).mediaBucket).toEqual({
      bucket: 'media',
      region: 'us-east-1',
      endpoint: null,
      credentials: null,
      prefix: '',
      forcePathStyle: false,
    })
    const elsewhere = {
      ...bucket,
      ...keys,
      POSTMCP_MEDIA_S3_REGION: 'eu-1',
      POSTMCP_MEDIA_S3_ENDPOINT: 'https://s3.example.org',
      POSTMCP_MEDIA_S3_PREFIX: 'postmcp/media',
    }
    expect(read(elsewhere).mediaBucket).toEqual({
      bucket: 'media',
      region: 'eu-1',
      endpoint: 'https://s3.example.org',
      credentials: { accessKeyId: 'AKIA', secretAccessKey: 'SECRET' },
      prefix: 'postmcp/media/',
      forcePathStyle: true,
    })
  })

  it.each([
    { POSTMCP_MAX_MEDIA_BYTES: '4GB' },
    { POSTMCP_MAX_MEDIA_BYTES: '0' },
    { POSTMCP_MEDIA_DAYS: '-1' },
    { ...bucket, POSTMCP_MEDIA_S3_ENDPOINT: 's3.example.org' },
    { ...bucket, POSTMCP_MEDIA_S3_PREFIX: '/../x' },
    { ...bucket, POSTMCP_MEDIA_S3_SECRET_ACCESS_KEY: 'SECRET' },
  ])('are refused by their name and without their value: %j', (env) => {
    const error = thrownBy(env)
    expect(error).toMatchObject({ code: 'config_invalid', message: expect.stringContaining('POSTMCP_M') })
    expect(String(error)).not.toContain('SECRET.')
  })
})

it.each([
  ['0.0.0.0', 'http://127.0.0.1:4477'],
  ['::', 'http://[::1]:4477'],
  ['::1', 'http://[::1]:4477'],
  ['192.168.1.5', 'http://192.168.1.5:4477'],
])('somebody who listens on %s is found at %s', (host, url) => {
  expect(read({ POSTMCP_HOST: host }).localUrl).toBe(url)
})
