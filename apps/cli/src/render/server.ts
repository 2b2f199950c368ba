import { join } from 'node:path'
import { paint, properties } from '../output.js'

export interface ServerNews {
  /** Null: a worker alone. */
  url: string | null
  dataDir: string
  /** File of an API key just made. */
  apiKeyFile: string | null
  /** File of a key ring just made. */
  keyRingFile: string | null
  /** The key itself, to be shown this once. */
  apiKey: string | undefined
  /** Where the simulated platforms are; null: none run. */
  sandboxUrl: string | null
}

/** What runs, what a first start made, and what to do next. */
export function renderServer(news: ServerNews): string {
  const { url, dataDir, apiKeyFile, keyRingFile, apiKey, sandboxUrl } = news
  const parts = [
    url === null ? 'The worker runs.' : paint('green', `PostMCP listens on ${url}`),
    `Data: ${dataDir}`,
  ]
  if (apiKeyFile !== null || keyRingFile !== null) {
    parts.push(
      '',
      paint('bold', 'This was the first start. It made'),
      properties([
        ['API key', apiKey ? `${apiKey} (also in ${apiKeyFile})` : apiKeyFile],
        ['Key ring', keyRingFile],
      ]),
    )
  }
  if (keyRingFile !== null) {
    parts.push(
      paint('yellow', 'Back up the key ring now: without it no stored credential can ever be opened again.'),
      '  postmcp keys backup --output FILE',
    )
  }
  if (url !== null) {
    parts.push(
      '',
      paint('bold', 'Next, in another terminal'),
      '  postmcp accounts connect --platform bluesky',
      '  postmcp post create --account @you.bsky.social --text "Hello"',
      `  curl -H "Authorization: Bearer $(cat ${join(dataDir, 'api-key')})" ${url}/accounts`,
      ...(sandboxUrl === null
        ? []
        : [
            '',
            paint('bold', 'Or try it on simulated platforms, without any application of your own'),
            `  export POSTMCP_API_KEY=$(cat ${join(dataDir, 'sandbox-api-key')})`,
            '  postmcp accounts connect --platform facebook',
            `  Look at them: ${sandboxUrl}`,
          ]),
      '',
      'Ctrl-C stops it.',
    )
  }
  return parts.join('\n')
}
