import { z } from 'zod'

const count = z.int().positive()
const range = z.strictObject({
  min: z.number().nonnegative().optional(),
  max: z.number().positive().optional(),
})

/** How much of a text, in one way of counting; several say that each of them holds. */
const textLimit = z.strictObject({
  unit: z.enum(['graphemes', 'utf8_bytes', 'utf16_units', 'code_points', 'weighted']),
  max: count,
})
const text = z.array(textLimit).min(1)

const file = {
  /** How many in one post. */
  max: count,
  mimeTypes: z.array(z.string()).min(1),
  maxBytes: count,
  /** Absent: as long as you like. Zero: the platform shows none. */
  maxAltTextGraphemes: z.int().nonnegative().optional(),
  /** Pixels. */
  width: range.optional(),
  height: range.optional(),
  /** Width divided by height. */
  ratio: range.optional(),
  /** Width times height. */
  maxPixels: count.optional(),
}

/** Declared limits of what one post may hold. What is absent is not limited, or does not exist where that is said. */
export const postLimitsSchema = z.strictObject({
  text,
  /** Where a post with media has less room than one without. */
  textWithMedia: text.optional(),
  /** Whether there are posts without media. */
  textOnly: z.boolean(),
  /** Whether a post with media needs a text, too. Default: no. */
  textRequired: z.boolean().optional(),
  /** The text is what this platform calls a description: `content.description` takes its place where there is one. */
  textIsDescription: z.boolean().optional(),
  /** Absent: the platform has no titles, and one that is given is not used. */
  title: z.strictObject({ required: z.boolean(), limits: text }).optional(),
  /** Absent: the platform has no tags but those in the text, and those that are given are not used. */
  tags: z.strictObject({ max: count.optional(), each: text.optional(), all: text.optional() }).optional(),
  /** Absent: the platform takes none. */
  images: z.strictObject(file).optional(),
  /** Pictures that move; absent: they are images like others. */
  animations: z.strictObject({ ...file, maxFrames: count.optional() }).optional(),
  /** Absent: the platform takes none. */
  videos: z
    .strictObject({
      ...file,
      seconds: range.optional(),
      frameRate: range.optional(),
      /** As probed: avc, hevc, vp8, vp9, av1. */
      videoCodecs: z.array(z.string()).min(1).optional(),
      /** As probed: aac, mp3, opus, vorbis; a silent video is fine everywhere. */
      audioCodecs: z.array(z.string()).min(1).optional(),
      /** A picture shown before it plays; absent: the platform takes none, and one that is given is not used. */
      thumbnail: z.strictObject({ mimeTypes: z.array(z.string()).min(1), maxBytes: count }).optional(),
    })
    .optional(),
  /** Files of all kinds in one post. Default: what each kind allows. */
  maxMedia: count.optional(),
  /** Kinds that may stand beside others in one post. Default: none, a post has files of one kind. */
  mixes: z.array(z.enum(['image', 'animation', 'video'])).optional(),
  /** A link apart from the text. Absent, or beside media where `withImages` is false: the address is put at the end of the text. */
  linkCard: z.strictObject({ withImages: z.boolean() }).optional(),
  /** What the account itself publishes below its post: further posts of a thread, or comments. Absent: there is no such thing. */
  replies: z
    .strictObject({
      max: count,
      /** Default: as of a post. */
      text: text.optional(),
      /** Optional scopes any of which has to be granted. Default: publishing suffices. */
      scopes: z.array(z.string().min(1)).min(1).optional(),
    })
    .optional(),
  /** Who may see a post, the usual case first. Default: public only. */
  visibilities: z
    .array(z.enum(['public', 'unlisted', 'followers', 'private']))
    .min(1)
    .optional(),
})

/** Declared limits of what one post may hold. */
export type PostLimits = z.infer<typeof postLimitsSchema>

/** How much of a text, in one way of counting. */
export type TextLimit = z.infer<typeof textLimit>

/** How characters are counted: what a person sees as one, UTF-8 bytes, UTF-16 units, code points, or the platform's own weights. */
export type TextUnit = TextLimit['unit']

/** Something about a post that only this platform has, for the user to choose. */
export const postOptionSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-zA-Z0-9]*$/),
  label: z.string().min(1),
  description: z.string().min(1),
  type: z.enum(['boolean', 'string', 'integer']),
  /** All values there are; absent: any of the type. */
  values: z
    .array(z.union([z.string(), z.int()]))
    .min(1)
    .optional(),
  /** What holds where the user says nothing; absent: the platform decides. */
  default: z.union([z.string(), z.int(), z.boolean()]).optional(),
})

/** Something about a post that only this platform has. */
export type PostOption = z.infer<typeof postOptionSchema>

/** At most so many posts in so many seconds. */
const allowance = z.strictObject({ max: count, perSeconds: count })

/** Everything declared about publishing. */
export const publishSchema = z.strictObject({
  /** What keeps a repeated request from posting twice; null seconds: for ever. */
  dedupe: z
    .strictObject({
      kind: z.enum(['record_key', 'idempotency_key', 'nonce']),
      windowSeconds: count.nullable(),
      /** Kinds of targets that do not know the key: there nothing is repeated. Default: none. */
      exceptKinds: z.array(z.string()).min(1).optional(),
    })
    .nullable(),
  /**
   * How a lost answer is cleared up: repeat with the same key, ask the container, read the account (with any of these scopes: one
   * is needed to find anything at all), or never. `afterSeconds`: how long it takes until a post that is not listed is certainly not there. Default: a few.
   */
  reconcile: z.union([
    z.enum(['key', 'container', 'never']),
    z.strictObject({ read: z.array(z.string().min(1)).min(1), afterSeconds: count.optional() }),
  ]),
  /** The risk that remains, in words for the user; empty string when none is known. */
  remainingRisk: z.string(),
  canDelete: z.boolean(),
  /** Optional scopes any of which has to be granted to delete. Default: publishing suffices. */
  deleteScopes: z.array(z.string().min(1)).min(1).optional(),
  /** How long the call that makes a post public may take, where it carries the files. Default: half a minute. */
  sendSeconds: count.optional(),
  limits: postLimitsSchema,
  /** What one account may publish at most; a post beyond it is refused beforehand. Default: nothing is known. */
  quotas: z.array(allowance.extend({ what: z.string().min(1) })).optional(),
  /** How fast we go by ourselves, so that a limit is not run into: per account, and for all accounts of one application. */
  pace: z.strictObject({ account: allowance.optional(), client: allowance.optional() }).optional(),
  /** What the user can choose for this platform alone. Default: nothing. */
  options: z.array(postOptionSchema).optional(),
})
