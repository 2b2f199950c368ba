import { z } from 'zod'
import { commentForm } from '../meta/comments.js'

/** How a video is shown, and by which edge it is sent. */
const edge = z.enum(['videos', 'video_reels', 'video_stories'])
export type VideoEdge = z.infer<typeof edge>

/** Texts of the comments that follow. */
const replies = z.array(z.string())

/**
 * Where publishing stands. What is sent is text: a database may give the fields of an object back in another order.
 * - `photos`: pictures are uploaded, one a call, where nobody sees them
 * - `feed`, `photo_story`, `finish`: what the next call makes public
 * - `transfer`: a video is uploaded, a part a call
 * - `processing`: a video was taken and is being worked on
 * - `comment`: the post is public, and the next call comments below it
 */
export const checkpointForm = z.discriminatedUnion('stage', [
  z.object({ stage: z.literal('photos'), photos: z.array(z.string()) }),
  z.object({
    stage: z.literal('feed'),
    request: z.string(),
    message: z.string(),
    link: z.string().nullable(),
    photos: z.array(z.string()),
    replies,
  }),
  z.object({ stage: z.literal('photo_story'), request: z.string(), photo: z.string() }),
  z.object({
    stage: z.literal('transfer'),
    edge,
    video: z.string(),
    /** Null where the video itself names the upload. */
    session: z.string().nullable(),
    start: z.int(),
    end: z.int(),
  }),
  z.object({ stage: z.literal('finish'), edge, video: z.string(), request: z.string(), replies }),
  z.object({
    stage: z.literal('processing'),
    edge,
    video: z.string(),
    /** Of a story. */
    postId: z.string().nullable(),
    replies,
    since: z.iso.datetime(),
    looks: z.int(),
  }),
  commentForm,
])

type Checkpoint = z.infer<typeof checkpointForm>
/** A checkpoint at one stage. */
export type At<Stage extends Checkpoint['stage']> = Extract<Checkpoint, { stage: Stage }>
