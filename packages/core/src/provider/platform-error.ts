/** What a platform's answer says about an error, once the provider has read it. */
export interface PlatformErrorDetails {
  /** HTTP status of the answer. */
  status: number
  /** The platform's own code, verbatim; null where it gave none. */
  platformCode: string | null
  /** The platform's words, for people; cut to a readable length. */
  message: string
  requestId?: string | undefined
  retryAfter?: Date | undefined
}

/** Foreign text without what a database cannot hold: NUL, and halves of surrogate pairs that a cut leaves. */
const storable = (text: string): string => text.replaceAll('\0', '').toWellFormed()

/** Thrown by a provider's hook when the platform answered with an error; `classifyError` then says what it means. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError'
  readonly status: number
  readonly platformCode: string | null
  readonly requestId: string | undefined
  readonly retryAfter: Date | undefined

  constructor(details: PlatformErrorDetails) {
    super(storable(details.message.slice(0, 500)))
    this.status = details.status
    this.platformCode = details.platformCode && storable(details.platformCode)
    this.requestId = details.requestId
    this.retryAfter = details.retryAfter
  }
}

/** Thrown by a provider's hook when an answer is not what the platform documents, such as HTML in place of JSON. */
export class MalformedResponseError extends Error {
  override readonly name = 'MalformedResponseError'
}
