import type { Provider } from '@postmcp/core'
import { bluesky } from './bluesky/index.js'

export { bluesky }

/** All platforms, in the order they are listed. */
export const providers: Provider[] = [bluesky]
