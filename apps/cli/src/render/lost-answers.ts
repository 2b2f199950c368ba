/** How a post is found again whose answer was lost, by the platform's word for it, as a sentence. */
const sentences: Record<string, string> = {
  key: 'A repeated request carries the same key, so that the platform makes one post of it.',
  container: 'What was prepared is asked whether it was published, before anything is sent again.',
  read: 'The account is read to see whether the post is there, before anything is sent again.',
  never: 'It cannot be found out whether the post is there; you are asked to look: `postmcp post resolve`.',
}

/** @param reconcile a word, and for `read` the scopes of which it takes one: `read (read:statuses)` */
export function lostAnswers(reconcile: string): string {
  const [word = '', list = ''] = reconcile.split(/ \(|\)$/)
  const sentence = sentences[word] ?? reconcile
  const [scope, ...others] = list.split(', ')
  if (!scope) return sentence
  if (others.length === 0) return `${sentence} That takes the scope ${scope}.`
  return `${sentence} That takes one of the scopes ${list}, depending on the post.`
}
