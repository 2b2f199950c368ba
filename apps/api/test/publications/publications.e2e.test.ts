import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { platformRegistry } from '@postmcp/api'
import { type Manifest, startWorker } from '@postmcp/core'
import { sampleKinds } from '@postmcp/core/testing'
import { approve } from '@postmcp/sandbox'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type SandboxAdmin, sandboxAdmin } from '../journeys/sandbox-admin.js'
import { openTestInstallation, type TestInstallation } from '../support/installation.js'
import { commonPicture, smallestVideo } from '../support/sample-files.js'
import { goOn, newTenant, publicUrl, type Tenant } from '../support/simulated.js'
import { Visitor } from '../support/visitor.js'
import { type Publication, tryPublication, type UploadedFile, upload } from './publication.js'

// Every kind of post at every platform, as a user of a sandbox workspace publishes it. `node apps/api/test/publications/run.mjs` shows
// the table.

const asked = (process.env.PUBLICATIONS_PLATFORMS ?? '').split(',').filter(Boolean)
const platforms = platformRegistry()
  .list()
  .filter(({ manifest }) => asked.length === 0 || asked.includes(manifest.id))
  .map(({ manifest }) => [manifest.id, manifest] as const)
const table: Publication[] = []
const closers: (() => Promise<unknown>)[] = []
let product: TestInstallation
let tenant: Tenant
let sandbox: SandboxAdmin
let images: UploadedFile[]

/** As users have it, but for how often the worker looks. */
const timings = {
  POSTMCP_POST_LEASE_SECONDS: '90',
  POSTMCP_POST_TURN_SECONDS: '60',
  POSTMCP_SEND_SECONDS: '30',
  POSTMCP_SWEEP_SECONDS: '0.5',
}

beforeAll(async () => {
  const env = { POSTMCP_PUBLIC_URL: publicUrl, POSTMCP_SANDBOX: 'on', POSTMCP_SANDBOX_PORT: '0', ...timings }
  product = await openTestInstallation(env, { withSandbox: true })
  closers.push(product.close)
  const server = createServer(getRequestListener(product.app.fetch, { overrideGlobalObjects: false }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  const heardAt = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  product.core.localUrl = heardAt
  product.sandboxAccess.hearAt(heardAt, publicUrl)
  const worker = await startWorker(product.core)
  closers.push(() => worker.stop())
  sandbox = sandboxAdmin(product.sandboxUrl ?? '')
  tenant = await newTenant(product.core, product.app, 'Publications', { mode: 'sandbox' })
  images = [
    await upload(tenant, await commonPicture(), 'A grey picture'),
    await upload(tenant, await commonPicture(), 'Another grey picture'),
  ]
})
afterAll(async () => {
  const folder = process.env.PUBLICATIONS_REPORT
  const order = platforms.map(([id]) => id)
  table.sort((one, other) => order.indexOf(one.platform) - order.indexOf(other.platform))
  if (folder) await writeFile(join(folder, 'publications.json'), JSON.stringify(table))
  for (const close of closers.reverse()) await close()
})

/** Connects the first person there, and to the first target where there is a choice. */
async function connect({ id, connect: ways }: Manifest): Promise<string> {
  const [person] = await sandbox.people(id)
  const { oauth2, credentials } = ways
  const asks = (credentials ?? oauth2)?.fields ?? []
  const fields = Object.fromEntries(
    Object.entries(person?.connectFields ?? {}).filter(([name]) => asks.some((field) => field.name === name)),
  )
  let step = await tenant.ok('POST', '/accounts/connect', { platform: id, fields })
  if (step.type === 'authorize') {
    const browser = new Visitor((url, init) => product.app.request(url, init))
    // The consent page stands at the public address; from here it is reached where it is.
    const page = new URL(await goOn(browser, step))
    const path = page.pathname.slice(`/sandbox/${id}`.length)
    const seenAt = `${product.sandboxAccess.pageAt(id, 'GET', path)}${page.search}`
    await browser.open(await approve(seenAt, person && { personId: person.id }))
    step = (await tenant.ok('GET', `/connections/${step.connectionId}`)).step
  }
  if (step?.type === 'select_targets') {
    const targetIds = [step.targets[0].targetId]
    step = await tenant.ok('POST', `/connections/${step.connectionId}`, { targetIds })
  }
  if (step?.type !== 'connected') throw new Error(`The step at ${id} is ${step?.type}.`)
  return step.accounts[0].id
}

it.concurrent.each(platforms)(
  'at %s every kind of post it has is there once, with its words, files and replies, and can be deleted',
  async (_, manifest) => {
    const accountId = await connect(manifest)
    const { videos } = manifest.publish.limits
    const film = videos && (await upload(tenant, await smallestVideo(manifest.publish.limits), 'A grey film'))
    const { id } = manifest
    const posts = () => sandbox.posts(id)
    const place = { name: id, api: tenant, accountId, media: { images, video: film }, posts }
    const cells = await Promise.all(sampleKinds.map((kind) => tryPublication(kind, manifest, place)))
    table.push(...cells)
    expect(cells.filter(({ wrong }) => wrong !== null)).toEqual([])
    expect(cells.some(({ whyNot }) => whyNot === null)).toBe(true)
  },
)
