/**
 * What a race is measured against: the same number of refreshes in one process, with nothing around them. One plain HTTP request
 * and one update of a row for each, no lease, no marker, no sealing.
 */

import { openConnection } from './core.js'
import type { BareConfig, FromBare } from './messages.js'
import { forEach } from './pool.js'

const { databaseUrl, tokenServerUrl, grants, atOnce } = JSON.parse(process.argv[2] ?? '') as BareConfig

const { pool } = openConnection(databaseUrl)

async function ask(form: Record<string, string>): Promise<string> {
  const response = await fetch(`${tokenServerUrl}/token`, { method: 'POST', body: new URLSearchParams(form) })
  const { refresh_token: token } = (await response.json()) as { refresh_token?: string }
  if (token === undefined) throw new Error(`The token server answered ${response.status}.`)
  return token
}

async function firstToken(): Promise<string> {
  const redirect = encodeURIComponent('http://127.0.0.1:1/')
  const consent = await fetch(`${tokenServerUrl}/authorize?redirect_uri=${redirect}`, { redirect: 'manual' })
  const code = new URL(consent.headers.get('location') ?? '').searchParams.get('code') ?? ''
  return ask({ grant_type: 'authorization_code', code })
}

await pool.query('create table bare (id integer primary key, token text not null)')
const rows: { id: number; token: string }[] = []
await forEach(Array(grants).keys(), atOnce, async (id) => {
  const row = { id, token: await firstToken() }
  await pool.query('insert into bare values ($1, $2)', [row.id, row.token])
  rows.push(row)
})

const started = performance.now()
await forEach(rows, atOnce, async ({ id, token }) => {
  const renewed = await ask({ grant_type: 'refresh_token', refresh_token: token })
  await pool.query('update bare set token = $2 where id = $1', [id, renewed])
})
const done: FromBare = { type: 'done', seconds: (performance.now() - started) / 1000 }
process.send?.(done)
await pool.end()
process.disconnect()
