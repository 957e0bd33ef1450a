import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import type { Clock } from '../core/clock.ts'
import { LifecycleError, StateStoreNotAvailableError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import { errorOf } from './error-message.ts'
import { PortChannel } from './port-channel.ts'
import { factsOf } from './portable-log.ts'
import type { ProcessCalls, ThreadCalls, ThreadReport, ThreadTask } from './protocol.ts'
import type { TaskFolders } from './task-folders.ts'

/** What a thread needs of the process that it is in. */
export interface StreamThreadOptions {
  /** The address of the module that every thread begins with. */
  readonly entry: URL
  readonly task: ThreadTask
  readonly folders: TaskFolders
  readonly clock: Clock
  readonly logger: Logger
  readonly onReport: (thread: StreamThread) => void
}

/** How long a thread may take to close beyond the time that its worker has for that. */
const graceMs = 5_000

const nothingReported: ThreadReport = {
  state: 'created',
  error: undefined,
  tasks: [],
  standbys: [],
  broker: undefined,
  stores: [],
}

/** One thread with a worker in it, seen from the process. */
export class StreamThread {
  readonly name: string
  readonly index: number
  readonly channel: PortChannel<ThreadCalls>
  /** Resolves when the thread has ended, with what ended it; undefined where it was told to close. */
  readonly ended: Promise<Error | undefined>
  readonly #thread: Worker
  readonly #options: StreamThreadOptions
  #report: ThreadReport = nothingReported
  #reportedMs: number
  #failure: Error | undefined
  #isClosing = false
  #hasEnded = false

  constructor(options: StreamThreadOptions) {
    const { entry, task, folders, logger } = options
    this.#options = options
    this.#reportedMs = options.clock.monotonicMs()
    this.index = task.index
    this.name = `thread-${task.index}`
    this.#thread = begin(entry, { name: this.name, workerData: task })
    const answers: ProcessCalls = {
      acquire: (name) => folders.acquire(task.index, name),
      release: (name) => folders.release(task.index, name),
      report: (report) => this.#note(report),
      failed: (error) => {
        this.#failure ??= errorOf(error)
      },
      log: (level, message, facts) =>
        logger[level](message, { thread: this.name, ...factsOf(facts) }),
    }
    this.channel = new PortChannel<ThreadCalls>(this.#thread, answers)
    this.#thread.on('error', (error) => {
      this.#failure ??= error
    })
    this.ended = new Promise((resolve) => {
      this.#thread.once('exit', (code) => resolve(this.#endedWith(code)))
    })
  }

  /** What the thread said last about itself. */
  get report(): ThreadReport {
    return this.#report
  }

  /** Milliseconds since it said that. */
  get silentMs(): number {
    return this.#options.clock.monotonicMs() - this.#reportedMs
  }

  /** Lets the thread finish what it has in hand, and ends it where it does not. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosing = true
    const { clock } = this.#options
    const patience = clock.schedule(timeoutMs + graceMs, () => void this.#thread.terminate())
    try {
      // It cannot answer where it has ended by itself.
      await Promise.race([this.channel.call('close', timeoutMs).catch(() => undefined), this.ended])
      // What user code has left running in it must not keep it.
      await this.#thread.terminate()
      await this.ended
    } finally {
      patience.cancel()
    }
  }

  /** Ends a thread that could not begin its work, with what hindered it. */
  async abandon(error: Error): Promise<void> {
    this.#failure ??= error
    await this.close(0)
  }

  /** Asks the thread for what it has stored. Rejects with `StateStoreNotAvailableError` where it has ended. */
  async ask<Answer>(ask: (channel: PortChannel<ThreadCalls>) => Promise<Answer>): Promise<Answer> {
    try {
      return await ask(this.channel)
    } catch (error) {
      if (!this.#hasEnded) throw error
      throw new StateStoreNotAvailableError(
        `${this.name} has ended, which had what was asked for; ask again when its tasks are elsewhere`,
        { cause: error },
      )
    }
  }

  #note(report: ThreadReport): void {
    this.#report = report
    this.#reportedMs = this.#options.clock.monotonicMs()
    this.#options.onReport(this)
  }

  #endedWith(code: number): Error | undefined {
    this.#hasEnded = true
    this.#options.folders.releaseAll(this.index)
    const failure = this.#failure ?? (this.#isClosing ? undefined : unexplained(this.name, code))
    this.#report = {
      ...this.#report,
      state: failure ? 'error' : 'closed',
      tasks: [],
      standbys: [],
      broker: undefined,
      stores: [],
    }
    this.channel.end(failure ?? new LifecycleError(`${this.name} was closed`))
    return failure
  }
}

/** In a source tree the entry is TypeScript, which a thread cannot load before it has loaded tsx. */
function begin(entry: URL, options: WorkerOptions): Worker {
  if (!entry.pathname.endsWith('.ts')) return new Worker(entry, options)
  const manifest = createRequire(import.meta.url).resolve('tsx/package.json')
  const tsx = new URL('dist/esm/api/index.mjs', pathToFileURL(manifest)).href
  const names = JSON.stringify([tsx, entry.href])
  const script = `const [tsx, entry] = ${names}
    import(tsx).then(({ register }) => { register(); return import(entry) })`
  return new Worker(script, { ...options, eval: true })
}

function unexplained(name: string, code: number): LifecycleError {
  return new LifecycleError(
    `${name} ended with exit code ${code} though nothing had told it to: code that runs in it has ` +
      'called process.exit',
  )
}
