/** Does something with each of many things, a few at a time. @returns the results in the order of the things */
export async function fewAtATime<Thing, Result>(
  things: readonly Thing[],
  atOnce: number,
  work: (thing: Thing) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const rest = things.entries()
  await Promise.all(
    Array.from({ length: Math.min(atOnce, things.length) }, async () => {
      // All of them take from the same iterator.
      for (const [index, thing] of rest) results[index] = await work(thing)
    }),
  )
  return results
}
