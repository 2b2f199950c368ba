/** The simulated platforms in a process of their own, and beside them an address that takes any bytes and hashes them as they do. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { operatorEnv, publicUrl, startSandbox } from '../sandbox.js'
import type { FromPlatforms, PlatformFile, ToPlatforms } from './messages.js'

const tell = (message: FromPlatforms) => process.send?.(message)

const sandbox = await startSandbox({ redirectUris: [`${publicUrl}/accounts/oauth/callback`] })

const files = (): PlatformFile[] =>
  sandbox.platforms.flatMap(({ id, world }) =>
    world
      .posts()
      .flatMap(({ text, media }) =>
        media.map(({ byteLength, sha256 }) => ({ platform: id, text, bytes: byteLength, sha256 })),
      ),
  )

const bare = createServer(async (request, response) => {
  const hash = createHash('sha256')
  try {
    for await (const chunk of request) hash.update(chunk)
    response.end(hash.digest('hex'))
  } catch {
    response.destroy()
  }
})

process.on('disconnect', () => process.exit(0))
process.on('message', ({ type }: ToPlatforms) => {
  if (type === 'files') tell({ type: 'files', files: files() })
})
bare.listen(0, '127.0.0.1', () => {
  const { port } = bare.address() as AddressInfo
  tell({ type: 'ready', env: operatorEnv(sandbox.platforms), bareUrl: `http://127.0.0.1:${port}` })
})
