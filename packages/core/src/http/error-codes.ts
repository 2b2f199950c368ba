/** The codes of an error and of all it was caused by, an aggregate's members included. */
export function errorCodes(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : []
  const members = error instanceof AggregateError ? error.errors.flatMap(errorCodes) : []
  return [...own, ...members, ...errorCodes(error.cause)]
}
