import {
  type GrantAccess,
  type Json,
  PlatformError,
  type ProviderContext,
  type PublishInput,
  type PublishStep,
  type SentPost,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'

/** Text, for a database may give the fields of an object back in another order. */
const checkpointForm = z.object({ body: z.string() })

/** Nothing has to be uploaded: the next call makes the note public. */
export async function startPublish(_: ProviderContext, { content }: PublishInput): Promise<PublishStep> {
  return { type: 'send', checkpoint: { body: JSON.stringify({ text: content.text }) } }
}

/** Makes the note public. A repetition with the same key is answered with the note that is there. */
export async function continuePublish(
  ctx: ProviderContext,
  { access, account, dedupeKey }: PublishInput,
  checkpoint: Json,
): Promise<PublishStep> {
  const { body } = checkpointForm.parse(checkpoint)
  const { id } = await callApi(ctx, {
    method: 'POST',
    path: `/pages/${encodeURIComponent(account.targetId)}/notes`,
    headers: { 'content-type': 'application/json', 'idempotency-key': dedupeKey },
    body,
    access,
    answer: z.object({ id: z.string().min(1) }),
  })
  const permalink = `${ctx.endpoints.web}/notes/${encodeURIComponent(id)}`
  return { type: 'done', sent: { kind: 'post', visibility: 'public', platformPostId: id, permalink } }
}

/** Deletes a note; one that is gone counts as deleted. */
export async function deletePost(
  ctx: ProviderContext,
  { access }: { access: GrantAccess },
  { platformPostId }: SentPost,
): Promise<void> {
  const path = `/notes/${encodeURIComponent(platformPostId)}`
  try {
    await callApi(ctx, { method: 'DELETE', path, access, answer: z.object({}) })
  } catch (error) {
    if (error instanceof PlatformError && error.platformCode === 'note_not_found') return
    throw error
  }
}
