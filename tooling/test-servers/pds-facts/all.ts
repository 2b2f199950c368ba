import { describeAccounts } from '@postmcp/tooling/test-servers/pds-facts/accounts'
import { describeBlobs } from '@postmcp/tooling/test-servers/pds-facts/blobs'
import { describeEndedTokens } from '@postmcp/tooling/test-servers/pds-facts/ended-tokens'
import { describeIdentity } from '@postmcp/tooling/test-servers/pds-facts/identity'
import { describeLogins } from '@postmcp/tooling/test-servers/pds-facts/logins'
import { describeRateLimits } from '@postmcp/tooling/test-servers/pds-facts/rate-limits'
import { describeRecords } from '@postmcp/tooling/test-servers/pds-facts/records'
import { describeRefresh } from '@postmcp/tooling/test-servers/pds-facts/refresh'
import { describeServiceAuth } from '@postmcp/tooling/test-servers/pds-facts/service-auth'
import { type Stage, type StartFactServer, setStage } from '@postmcp/tooling/test-servers/pds-facts/stage'
import { describeWrites } from '@postmcp/tooling/test-servers/pds-facts/writes'

/**
 * What a PDS really answers, learned by asking `@atproto/pds` 0.5.35. The provider relies on these sentences and the simulation
 * claims them; when an update of the PDS breaks one, look at both.
 * @param describeOwn what is so with this server only
 */
export function describePds(start: StartFactServer, describeOwn: (stage: Stage) => void = () => {}): void {
  const stage = setStage(start)
  describeWrites(stage)
  describeRecords(stage)
  describeBlobs(stage)
  describeLogins(stage)
  describeEndedTokens(stage)
  describeRefresh(stage)
  describeAccounts(stage)
  describeServiceAuth(stage)
  describeIdentity(stage)
  describeOwn(stage)
  describeRateLimits(start)
}
