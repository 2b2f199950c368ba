import type { WorkspaceId } from './ids.js'

/** Who does something, and in which workspace. Every verb takes one; every store method its `workspaceId`. */
export interface Scope {
  workspaceId: WorkspaceId
  /** `key_…` of an API key, `local` for the owner of this machine, `system` for background work. */
  actor: string
}
