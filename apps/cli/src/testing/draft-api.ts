import { basename } from 'node:path'
import type { PostMcp } from '@postmcp/sdk'

const accounts = [
  { id: 'acct_1', handle: 'one', platform: 'x', status: 'active' },
  { id: 'acct_2', handle: 'two', platform: 'youtube', status: 'active' },
  { id: 'acct_3', handle: 'three', platform: 'x', status: 'active' },
]
const platforms = [
  { id: 'x', options: [{ name: 'replySettings', type: 'string', label: '', description: '' }] },
  { id: 'youtube', options: [{ name: 'madeForKids', type: 'boolean', label: '', description: '' }] },
]
const iterable = <T>(items: T[]) =>
  Promise.resolve({
    [Symbol.asyncIterator]: async function* () {
      yield* items
    },
  })

/** An API with three accounts, which remembers what was uploaded. */
export function draftApi(): { api: PostMcp; uploads: string[] } {
  const uploads: string[] = []
  const keep = (name: string) => {
    uploads.push(name)
    return { id: `media_${name}` }
  }
  const api = {
    accounts: {
      list: () => iterable(accounts),
      get: async (id: string) => accounts.find((account) => account.id === id),
    },
    platforms: { list: () => iterable(platforms) },
    media: {
      upload: async ({ path }: { path: string }) => keep(basename(path)),
      fetch: async (url: string) => keep(basename(url)),
    },
  } as unknown as PostMcp
  return { api, uploads }
}
