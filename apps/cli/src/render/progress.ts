import { isFinal, type Post, type PostGroup } from '@postmcp/sdk'
import { plain } from '../output.js'

const width = 24

const percentOf = ({ uploadedBytes, totalBytes }: NonNullable<Post['progress']>): number =>
  totalBytes === 0 ? 1 : Math.min(uploadedBytes / totalBytes, 1)

/** How much of something is done. @param part from 0 to 1 */
export function renderBar(part: number, totalBytes: number): string {
  const full = Math.round(part * width)
  const bar = '#'.repeat(full) + '-'.repeat(width - full)
  return `[${bar}] ${Math.floor(part * 100)} % of ${(totalBytes / 1_000_000).toFixed(1)} MB`
}

/** A bar for each post whose files are on the way. */
export function renderProgress({ posts }: Pick<PostGroup, 'posts'>): string[] {
  return posts.flatMap((post) => {
    if (!post.progress || isFinal(post)) return []
    return [`${plain(post.platform)}  ${renderBar(percentOf(post.progress), post.progress.totalBytes)}`]
  })
}

/**
 * Draws the bars of a group over those drawn before, and takes them away when nothing is on the way any more.
 * @returns what to call with each newer state of the group
 */
export function showProgress(
  group: PostGroup,
  stream: Pick<NodeJS.WriteStream, 'write'>,
): (group: PostGroup) => void {
  let drawn = 0
  const draw = (now: PostGroup) => {
    const lines = renderProgress(now)
    if (lines.length === 0 && drawn === 0) return
    const up = drawn > 0 ? `\u001b[${drawn}A\u001b[0J` : ''
    stream.write(up + lines.map((line) => `${line}\n`).join(''))
    drawn = lines.length
  }
  draw(group)
  return draw
}
