import type { Context } from 'hono'

/** A refusal of the video service, which looks like a job that is none. */
export class UploadRefusal extends Error {
  override readonly name = 'UploadRefusal'
  readonly status: 400 | 401 | 404

  constructor(status: UploadRefusal['status'], problem: string) {
    super(problem)
    this.status = status
  }

  answer(c: Context): Response {
    return c.json({ did: '', error: this.message, jobId: '', state: '' }, this.status)
  }
}
