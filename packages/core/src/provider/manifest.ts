import { z } from 'zod'

const url = z.url({ protocol: /^https?$/ })

const credentialField = z.strictObject({
  name: z.string().regex(/^[a-z][a-zA-Z0-9]*$/),
  label: z.string().min(1),
  description: z.string().min(1),
  secret: z.boolean(),
  required: z.boolean(),
  example: z.string().optional(),
})

/** The declared data of a platform: everything that is a fact and not behaviour. Checked once, when the provider is defined. */
export const manifestSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9]*$/),
  name: z.string().min(1),
  /** Day (YYYY-MM-DD) on which the facts were last held against their sources. */
  checkedOn: z.iso.date(),
  /** Pages the facts come from. */
  sources: z.array(url).min(1),
  connect: z.strictObject({
    /** Absent where the platform has no such way. */
    credentials: z
      .strictObject({
        instructions: z.string().min(1),
        helpUrl: url,
        fields: z.array(credentialField).min(1),
      })
      .optional(),
  }),
  /** Base addresses by name; the operator overrides E with `POSTMCP_<PLATFORM>_<E>_URL`. */
  endpoints: z.record(
    z.string().regex(/^[a-z][a-zA-Z0-9]*$/),
    z.strictObject({ url, description: z.string().min(1) }),
  ),
  scopes: z.array(
    z.strictObject({
      name: z.string().min(1),
      need: z.enum(['required', 'optional', 'never_asked']),
      /** One sentence: why we ask, or why we never do. */
      why: z.string().min(1),
    }),
  ),
  tokens: z.strictObject({
    refresh: z.enum(['rotating', 'reusable', 'extend_access_token', 'none']),
    /** What the platform does with a refresh token that was already used: the same answer for so many seconds, or an error. */
    replay: z.union([z.strictObject({ graceSeconds: z.int().positive() }), z.literal('single_use')]),
    /** How long before expiry a token is replaced. */
    refreshAheadSeconds: z.int().nonnegative(),
    /** `refresh` where a living access token proves nothing about the grant behind it. */
    verifyBy: z.enum(['call', 'refresh']),
    /** Whether a revocation ends one token or everything the person granted this client. */
    revocationScope: z.enum(['token', 'subject']),
    /** What is left at the platform after a disconnect and how the user removes it. */
    remainsAfterRevocation: z.string().optional(),
  }),
  publish: z.strictObject({
    /** What keeps a repeated request from posting twice; null seconds: for ever. */
    dedupe: z
      .strictObject({
        kind: z.enum(['record_key', 'idempotency_key', 'nonce']),
        windowSeconds: z.int().positive().nullable(),
      })
      .nullable(),
    /** How a lost answer is cleared up: repeat with the same key, ask the container, read the account (with the scope that takes), or never. */
    reconcile: z.union([z.enum(['key', 'container', 'never']), z.strictObject({ read: z.string().min(1) })]),
    /** The risk that remains, in words for the user; empty string when none is known. */
    remainingRisk: z.string(),
    canDelete: z.boolean(),
    limits: z.strictObject({
      text: z
        .array(
          z.strictObject({
            unit: z.enum(['graphemes', 'utf8_bytes', 'utf16_units', 'weighted']),
            max: z.int().positive(),
          }),
        )
        .min(1),
      textOnly: z.boolean(),
      images: z
        .strictObject({
          max: z.int().positive(),
          mimeTypes: z.array(z.string()).min(1),
          maxBytes: z.int().positive(),
          maxAltTextGraphemes: z.int().positive().optional(),
        })
        .optional(),
      linkCard: z.strictObject({ withImages: z.boolean() }).optional(),
    }),
  }),
  rateLimits: z.array(
    z.strictObject({
      what: z.string().min(1),
      max: z.int().positive(),
      perSeconds: z.int().positive(),
    }),
  ),
  links: z.strictObject({
    /** Where the user takes away our access. */
    revokeAccess: url,
    /** Where one makes the app or credential needed to connect. */
    createCredential: url,
  }),
})

/** The declared data of a platform. */
export type Manifest = z.infer<typeof manifestSchema>

/** Declared limits of what one post may hold. */
export type PostLimits = Manifest['publish']['limits']

/** How characters are counted: what a person sees as one, UTF-8 bytes, UTF-16 units, or the platform's own weights. */
export type TextUnit = PostLimits['text'][number]['unit']
