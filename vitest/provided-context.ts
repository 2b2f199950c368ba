import 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of a role that may create databases, on a PostgreSQL that lives as long as this test run. */
    postgresUrl: string
  }
}
