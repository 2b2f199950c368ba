import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import { isId, type MediaId, type WorkspaceId } from '../model/ids.js'
import { type Media, mediaTypes } from '../model/media.js'
import type { SealedOwner, Store } from '../store/store.js'
import type { Vault } from '../vault/vault.js'

const keyName = 'media-url-key'
const owner: SealedOwner = { type: 'system', id: keyName, field: 'hmac_key' }

/** The key of this installation: made once, sealed, the same in every process. */
async function loadKey({
  store,
  vault,
}: {
  store: Pick<Store, 'systemSecrets'>
  vault: Vault
}): Promise<Buffer> {
  const box = await vault.unlock('system')
  if (!(await store.systemSecrets.get(keyName))) {
    await store.systemSecrets.putFirst(keyName, box.seal(owner, randomBytes(32).toString('base64url')))
  }
  // Another process may have been quicker.
  const sealed = await store.systemSecrets.get(keyName)
  if (!sealed) throw new PostMcpError('internal_error', 'There is no key for addresses of media.')
  return Buffer.from(box.open(owner, sealed), 'base64url')
}

const sign = (key: Buffer, workspaceId: WorkspaceId, id: MediaId, expiry: string): Buffer =>
  createHmac('sha256', key).update(`postmcp-media-url\n1\n${workspaceId}\n${id}\n${expiry}`).digest()

/** What a downloaded file is called: the user's name for it as far as every system takes it, with the extension of what it is. */
export function fileNameOf({ fileName, mimeType }: Pick<Media, 'fileName' | 'mimeType'>): string {
  const name = (fileName ?? '')
    .replace(/\.[^.]*$/, '')
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
  const plain = name
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 80)
  const extension = Object.hasOwn(mediaTypes, mimeType)
    ? mediaTypes[mimeType as keyof typeof mediaTypes]
    : 'bin'
  return `${plain || 'file'}.${extension}`
}

/**
 * An address under which anybody who has it can fetch a file until it expires, for platforms that fetch files themselves. It is a
 * secret while it lives.
 * @throws PostMcpError `public_url_required` where the world cannot reach us
 */
export async function mediaUrl(
  core: Pick<CoreContext, 'store' | 'vault' | 'clock' | 'publicUrl' | 'localUrl'>,
  media: Media,
  { expiresInSeconds }: { expiresInSeconds: number },
): Promise<string> {
  const { workspaceId, id } = media
  const workspace = await core.store.workspaces.get(workspaceId)
  if (workspace?.mode !== 'sandbox' && !core.publicUrl.startsWith('https:')) {
    throw new PostMcpError(
      'public_url_required',
      'This platform fetches files from us, and POSTMCP_PUBLIC_URL is not an https address it could reach.',
      {
        nextAction:
          'Set POSTMCP_PUBLIC_URL to an https address that leads here (a tunnel will do), then retry the post.',
      },
    )
  }
  // The simulated platforms run beside us, and nobody promises them a way through the world back to here.
  const base = workspace?.mode === 'sandbox' ? core.localUrl : core.publicUrl
  const expiry = String(Math.ceil(core.clock.now().getTime() / 1000) + expiresInSeconds)
  const signature = sign(await loadKey(core), workspaceId, id, expiry).toString('base64url')
  return `${base}/files/${workspaceId}/${id}/${expiry}.${signature}/${fileNameOf(media)}`
}

/**
 * The file a signed address stands for.
 * @param token the part of the address that holds expiry and signature
 * @throws PostMcpError `not_found` for an address that is none of ours; `link_expired` for one that was, or whose file is gone
 */
export async function openMediaUrl(
  core: Pick<CoreContext, 'store' | 'vault' | 'clock'>,
  { workspaceId, mediaId, token }: { workspaceId: string; mediaId: string; token: string },
): Promise<Media> {
  const [, expiry = '', signature = ''] = /^(\d{1,12})\.([\w-]{43})$/.exec(token) ?? []
  const notFound = () => new PostMcpError('not_found', 'There is no file at this address.')
  if (!isId('workspace', workspaceId) || !isId('media', mediaId) || expiry === '') throw notFound()
  const expected = sign(await loadKey(core), workspaceId, mediaId, expiry)
  const given = Buffer.from(signature, 'base64url')
  if (given.byteLength !== expected.byteLength || !timingSafeEqual(given, expected)) throw notFound()
  if (core.clock.now().getTime() >= Number(expiry) * 1000) {
    throw new PostMcpError('link_expired', 'This address of a file has expired.')
  }
  const media = await core.store.media.get(workspaceId, mediaId)
  if (!media) throw notFound()
  if (media.deletedAt) throw new PostMcpError('link_expired', 'This file is not kept any more.')
  return media
}
