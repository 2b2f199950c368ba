import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Take from half a minute to two minutes each, which their size does not show. */
const longest = [
  'refresh-race-oauth',
  'journey',
  'kill',
  'publish-load',
  'faults/processes',
  'faults/answers',
  'platform-journeys',
  'publications',
  'oauth',
  'large-post',
  'many-processes',
]

const rankOf = ({ moduleId }: TestSpecification): number => {
  const index = longest.findIndex((name) => moduleId.endsWith(`/${name}.e2e.test.ts`))
  return index === -1 ? longest.length : index
}

/** Lets the longest files begin first, so that in the end no worker is left alone with one of them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((one, other) => rankOf(one) - rankOf(other))
  }
}
