import { Command } from '@oclif/core'
import type { PostGroup } from '@postmcp/sdk'
import { exitCodeOf, Interrupted, toApiError } from './errors.js'
import { type ApiAccess, openApi } from './open-api.js'
import { renderError } from './render/error.js'
import { showProgress } from './render/progress.js'

const signals = ['SIGINT', 'SIGTERM'] as const

/**
 * What all commands have in common. With `--json` standard output holds one JSON value and nothing else: the API's object, or a
 * problem document. `run` returns that object, and prints words with `this.log`, which is silent then.
 */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true
  readonly #interrupt = new AbortController()
  readonly #onSignal = (signal: (typeof signals)[number]) => {
    const interrupted = new Interrupted(signal)
    // The second time they mean it. The database is another process, and what was published is written down.
    if (this.#interrupt.signal.aborted) process.exit(interrupted.exitCode)
    if (process.stderr.isTTY)
      process.stderr.write('\nFinishing what is under way. Ctrl-C again ends at once.\n')
    this.#interrupt.abort(interrupted)
  }

  /** Aborted by Ctrl-C or SIGTERM, with `Interrupted` as its reason. */
  protected get signal(): AbortSignal {
    return this.#interrupt.signal
  }

  /** Uses the API wherever it is, and lets go of it in every case. */
  protected async withApi<T>(use: (access: ApiAccess) => Promise<T>): Promise<T> {
    const access = await openApi(process.env, this.signal)
    try {
      return await use(access)
    } finally {
      await access.close()
    }
  }

  /** A note for the person at the terminal, not part of the result. */
  protected note(text: string): void {
    if (process.stderr.isTTY && !this.jsonEnabled()) process.stderr.write(`${text}\n`)
  }

  /** Shows on a terminal how far the files of a group have got, while it is waited for. */
  protected progressOf(group: PostGroup): (group: PostGroup) => void {
    if (!process.stderr.isTTY || this.jsonEnabled()) return () => {}
    return showProgress(group, process.stderr)
  }

  /** Tells that a list goes on after the page shown. */
  protected noteMore({ nextCursor }: { nextCursor: string | null }): void {
    if (nextCursor !== null) this.note(`There are more: --after ${nextCursor}`)
  }

  /** Warns of secrets given where others can read them. @param flags their names */
  protected noteSecrets(flags: string[]): void {
    for (const flag of flags) {
      this.note(`Warning: ${flag} stays in your shell's history; ${flag}-stdin or a variable does not.`)
    }
  }

  protected override async init(): Promise<void> {
    await super.init()
    for (const signal of signals) process.on(signal, this.#onSignal)
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    for (const signal of signals) process.off(signal, this.#onSignal)
    // A result may have been shown all the same; what interrupted it is told by the exit status.
    const reason: unknown = this.signal.reason
    if (reason instanceof Interrupted) process.exitCode = reason.exitCode
    await super.finally(error)
  }

  protected override async catch(thrown: Error): Promise<void> {
    // oclif's way to end with a status, and a prompt that was left with Ctrl-C.
    if (thrown.name === 'ExitPromptError') {
      process.exitCode = 130
      return
    }
    if (thrown instanceof Interrupted) return
    const error = toApiError(thrown, this.id ?? '')
    process.exitCode = exitCodeOf(error.code)
    if (this.jsonEnabled()) this.logJson(error.toJSON())
    else process.stderr.write(renderError(error))
  }

  override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, null, 2)}\n`)
  }
}
