/**
 * What publishing is measured against: the same number of posts in one process, with nothing around them. One plain HTTP request
 * and one update of a row for each, no lease, no journal, no sealing.
 */
import { openConnection } from '../core.js'
import { forEach } from '../pool.js'
import type { BareConfig, FromBare } from './messages.js'

const { databaseUrl, platformUrl, posts, atOnce } = JSON.parse(process.argv[2] ?? '') as BareConfig
const { pool } = openConnection(databaseUrl)

await pool.query('create table bare_posts (id integer primary key, sent text)')
await pool.query('insert into bare_posts (id) select generate_series(1, $1)', [posts])
const started = performance.now()
await forEach(Array(posts).keys(), atOnce, async (index) => {
  const body = { kind: 'bare', account: `bare-${index % 100}`, text: `bare ${index}`, key: `bare-${index}` }
  const response = await fetch(`${platformUrl}/post`, { method: 'POST', body: JSON.stringify(body) })
  const { id } = (await response.json()) as { id: string }
  await pool.query('update bare_posts set sent = $2 where id = $1', [index + 1, id])
})
const done: FromBare = { type: 'done', seconds: (performance.now() - started) / 1000 }
await pool.end()
process.send?.(done)
process.disconnect()
