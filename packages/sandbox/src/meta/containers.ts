import type { PlatformKit } from '../platform.js'
import { type PulledFile, pullFile } from '../pull.js'
import type { Media, Person } from '../world.js'

/** How long a video takes on a good day: long enough to be seen at work, short enough to feel quick. */
const VIDEO_WORK_SECONDS = 0.03
const DAY_MS = 24 * 3600 * 1000

/** What a container is made from. */
interface NewContainer {
  /** Whose it is; for Instagram the account. */
  ownerId: string
  /** As the platform calls it, such as `IMAGE`. */
  mediaType: string
  /** Whether it can only be a part of another one. */
  isItem: boolean
  text: string
  /** The parameters it was made with. */
  parameters: Readonly<Record<string, string>>
  children?: readonly Container[]
}

/** Something that may be published within a day. */
export interface Container extends NewContainer {
  id: string
  createdAt: Date
  children: readonly Container[]
  /** The file; null: there is none, or it is still being fetched. */
  media: Media | null
  /** Null while the file is being fetched. */
  readyAt: Date | null
  /** Why nothing can be made of it, in the platform's words. */
  problem: string | null
  publishedAs: string | null
}

export type ContainerState = 'IN_PROGRESS' | 'FINISHED' | 'ERROR' | 'EXPIRED' | 'PUBLISHED'

/** The containers of one platform, and the files that are fetched for them. */
export class Containers {
  readonly #kit: PlatformKit
  readonly #containers = new Map<string, Container>()

  constructor(kit: PlatformKit) {
    this.#kit = kit
  }

  /** A container without a file of its own. */
  add(of: NewContainer): Container {
    const container: Container = {
      children: [],
      ...of,
      id: `180${this.#kit.random.digits(14)}`,
      createdAt: this.#kit.now(),
      media: null,
      readyAt: this.#after(0),
      problem: null,
      publishedAs: null,
    }
    this.#containers.set(container.id, container)
    return container
  }

  /** A container of a file that is there already. */
  addWithFile(of: NewContainer, file: PulledFile): Container {
    return Object.assign(this.add(of), { media: this.#keep(of, file) })
  }

  /**
   * A container of a file that is fetched while the caller goes on.
   * @param refuse why the file cannot be used, in the platform's words; null: it can. A file of null could not be had
   */
  addAndFetch(of: NewContainer, url: string, refuse: (file: PulledFile | null) => string | null): Container {
    const container = Object.assign(this.add(of), { readyAt: null })
    void pullFile(url).then((file) => {
      const problem = refuse(file)
      const media = file && problem === null ? this.#keep(of, file) : null
      Object.assign(container, { problem, media, readyAt: this.#after(VIDEO_WORK_SECONDS) })
    })
    return container
  }

  find(id: string): Container | undefined {
    return this.#containers.get(id)
  }

  stateOf({ publishedAs, createdAt, readyAt, problem, children }: Container): ContainerState {
    const now = this.#kit.now().getTime()
    if (publishedAs !== null) return 'PUBLISHED'
    if (now - createdAt.getTime() >= DAY_MS) return 'EXPIRED'
    if (readyAt === null || readyAt.getTime() > now) return 'IN_PROGRESS'
    if (problem !== null) return 'ERROR'
    return children.every((child) => this.stateOf(child) === 'FINISHED') ? 'FINISHED' : 'IN_PROGRESS'
  }

  /** Files of a container, in order. */
  filesOf({ media, children }: Container): Media[] {
    return [...(media ? [media] : []), ...children.flatMap((child) => this.filesOf(child))]
  }

  /** How many of an owner were made within a day. */
  countOfDay(ownerId: Person['id']): number {
    const since = this.#kit.now().getTime() - DAY_MS
    return [...this.#containers.values()].filter(
      (one) => one.ownerId === ownerId && one.createdAt.getTime() > since,
    ).length
  }

  #after(seconds: number): Date {
    const { badDays, now } = this.#kit
    return new Date(now().getTime() + Math.max(seconds, badDays.mediaSeconds()) * 1000)
  }

  #keep({ ownerId, parameters }: NewContainer, { file, mimeType }: PulledFile): Media {
    return file.finish(this.#kit.world, {
      personId: ownerId,
      mimeType,
      altText: parameters.alt_text ?? null,
    })
  }
}
