import type { CommittedOffset, Fetcher, FetchedPartition } from '../../broker/port.ts'
import { messageOf, OffsetOutOfRangeError } from '../../core/errors.ts'
import { topicPartitionName } from '../../core/topic-partition.ts'
import { isolationOf } from '../active-task.ts'
import { isRecoverable } from '../recoverable.ts'
import { WritesUnderWay } from '../restore/writes-under-way.ts'
import { earliestOffset, findOffset } from '../restore/changelog-offsets.ts'
import { ChangelogReading } from '../restore/changelog-reading.ts'
import type { WorkerOptions } from '../worker-options.ts'
import type { StandbyTask } from './standby-task.ts'

/** What following changelogs needs of the worker. */
export interface StandbyFollowerParts {
  readonly tasks: () => readonly StandbyTask[]
  /** Whether standbys have to wait, as while active tasks are restored. */
  readonly isHeldUp: () => boolean
  /** Counts records as they are restored. */
  readonly onRestored: (task: StandbyTask, records: number) => void
  /** Called when {@link StandbyFollower.throwIfFailed} will throw. */
  readonly onFailed: () => void
}

/** The longest that nothing is looked at but what is fetched. */
const pollTimeoutMs = 500
/** How often it is asked where changelogs end, and up to where source topics were processed. */
const refreshIntervalMs = 1_000
/** How often it is looked whether what holds standbys up is over. */
const heldUpMs = 100
const retryMaxMs = 10_000
/** Small, since a batch is written in one go, and active tasks wait for it. */
const maxPartitionBytes = 262_144
const maxBufferedBytes = 4 * 1_048_576
/** Two batches, so that one is taken while one before it is written. */
const maxWritingBytes = 2 * maxPartitionBytes

/**
 * Reads the changelogs of standbys on and on, without a group, a batch at a time, and lets the event loop turn after
 * each, so that active tasks process beside it.
 *
 * What a source topic fills is brought to the group's committed offset only, since the records after it are yet to be
 * processed.
 *
 * @remarks Source: Java's `StoreChangelogReader`, which gives standbys their turn when no active task is restored.
 */
export class StandbyFollower {
  readonly #options: WorkerOptions
  readonly #parts: StandbyFollowerParts
  /** By the changelog's name. */
  readonly #readings = new Map<string, { task: StandbyTask; reading: ChangelogReading }>()
  /** The changelogs that are being fetched. A source topic is not, while all that was processed is read. */
  readonly #fetching = new Set<string>()
  readonly #writes = new WritesUnderWay(maxWritingBytes)
  #fetcher: Fetcher | undefined
  #stopping = new AbortController()
  #running: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined
  #refreshedMs = -Infinity
  #failures = 0

  constructor(options: WorkerOptions, parts: StandbyFollowerParts) {
    this.#options = options
    this.#parts = parts
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.error
  }

  /** Begins, or goes on. */
  start(): void {
    if (this.#running || this.#parts.tasks().length === 0) return
    this.#stopping = new AbortController()
    this.#failure = undefined
    this.#running = this.#run(this.#stopping.signal)
  }

  /** Stops after the batch in hand. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    this.#running = undefined
  }

  /** Lets go of a task; to be called while this is stopped. */
  forget(task: StandbyTask): void {
    for (const [name, each] of this.#readings) {
      if (each.task !== task) continue
      this.#readings.delete(name)
      this.#fetching.delete(name)
      this.#fetcher?.unassign([each.reading.changelog])
    }
    task.readings = []
  }

  async closeFetcher(): Promise<void> {
    const fetcher = this.#fetcher
    this.#fetcher = undefined
    await fetcher?.close()
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, logger, config } = this.#options
    this.#refreshedMs = -Infinity
    while (!signal.aborted) {
      try {
        if (this.#parts.isHeldUp()) await clock.sleep(heldUpMs, signal)
        else await this.#turn(signal)
        if (signal.aborted) await this.#writes.settle()
        this.#failures = 0
      } catch (error) {
        await this.#readAgain()
        if (signal.aborted) return
        if (!isRecoverable(error)) {
          this.#failure = { error }
          this.#parts.onFailed()
          return
        }
        const waitMs = Math.min(retryMaxMs, config.retryBackoffMs * 2 ** this.#failures++)
        logger.warn('Standbys cannot follow their changelogs; trying again', {
          reason: messageOf(error),
          waitMs,
        })
        await clock.sleep(waitMs, signal).catch(() => undefined)
      }
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { clock, broker, config } = this.#options
    const fetcher = (this.#fetcher ??= broker.openFetcher({
      isolation: isolationOf(config.processingGuarantee),
      maxPartitionBytes,
      maxBufferedBytes,
    }))
    if (clock.monotonicMs() - this.#refreshedMs >= refreshIntervalMs) await this.#refresh(signal)
    this.#assign(fetcher)
    const waiting = await this.#poll(fetcher, signal)
    if (waiting.length === 0) await this.#writes.settle()
    try {
      while (waiting.length > 0 && !signal.aborted) {
        await this.#take(fetcher, waiting[0]!)
        waiting.shift()
        await clock.yieldToEventLoop()
      }
    } finally {
      // What was fetched and not applied has to be fetched again.
      for (const { topic, partition } of waiting) {
        this.#fetching.delete(topicPartitionName(topic, partition))
      }
    }
  }

  async #take(fetcher: Fetcher, fetched: FetchedPartition): Promise<void> {
    const name = topicPartitionName(fetched.topic, fetched.partition)
    const found = this.#readings.get(name)
    if (!found) return
    const { task, reading } = found
    if (!reading.changelog.isSource) reading.endOffset = fetched.highWatermark
    await this.#writes.room(fetched.bytes)
    const { records, written } = await reading.take(fetched)
    const counted = written.then(() => this.#parts.onRestored(task, records))
    this.#writes.add(fetched.bytes, counted)
    if (reading.place.offset >= fetched.nextOffset) return
    // The rest is yet to be processed, and has to be fetched again when it is.
    this.#fetching.delete(name)
    fetcher.unassign([reading.changelog])
  }

  /** Has what was fetched before a failure fetched again, from where the stores are. */
  async #readAgain(): Promise<void> {
    // The failure is known.
    await this.#writes.settle().catch(() => undefined)
    for (const { reading } of this.#readings.values()) reading.goBack()
    this.#fetching.clear()
  }

  /** Asks where changelogs end, and begins to read those of new tasks. */
  async #refresh(signal: AbortSignal): Promise<void> {
    const { broker, logger, clock } = this.#options
    const tasks = this.#parts.tasks()
    const changelogs = tasks.flatMap((task) => task.changelogs)
    const ends = await broker.listOffsets(changelogs, 'latest', 'read_uncommitted')
    const processed = await this.#processed(tasks, signal)
    const fresh = tasks.filter((task) => task.readings.length < task.changelogs.length)
    const beginning = fresh.flatMap((task) => task.changelogs)
    const starts =
      beginning.length === 0
        ? []
        : await broker.listOffsets(beginning, 'earliest', 'read_uncommitted')
    for (const { reading } of this.#readings.values()) {
      const { changelog } = reading
      const end = findOffset(changelog.isSource ? processed : ends, changelog)
      reading.endOffset = Math.max(reading.endOffset, end ?? 0)
    }
    for (const task of fresh) {
      const readings: ChangelogReading[] = []
      for (const changelog of task.changelogs) {
        const startOffset = findOffset(starts, changelog)!
        const endOffset = findOffset(changelog.isSource ? processed : ends, changelog) ?? 0
        const places = { task, changelog, logger, startOffset, endOffset }
        readings.push(await ChangelogReading.begin(places))
      }
      task.readings = readings
      for (const reading of readings) {
        const { topic, partition } = reading.changelog
        this.#readings.set(topicPartitionName(topic, partition), { task, reading })
      }
    }
    this.#refreshedMs = clock.monotonicMs()
  }

  /** Up to where the group has processed the topics that stores are filled from. */
  async #processed(tasks: readonly StandbyTask[], signal: AbortSignal): Promise<CommittedOffset[]> {
    const { broker, applicationId } = this.#options
    const sources = tasks.flatMap(({ changelogs }) => changelogs.filter(({ isSource }) => isSource))
    if (sources.length === 0) return []
    return await broker.committedOffsets(applicationId, sources, { signal })
  }

  /** Fetches what may be read on, from where the stores are. */
  #assign(fetcher: Fetcher): void {
    for (const [name, { reading }] of this.#readings) {
      const { changelog } = reading
      const mayRead = !changelog.isSource || reading.hasMore
      if (mayRead && !this.#fetching.has(name)) {
        this.#fetching.add(name)
        fetcher.assign([reading.place])
      } else if (!mayRead && this.#fetching.delete(name)) {
        fetcher.unassign([changelog])
      }
    }
  }

  async #poll(fetcher: Fetcher, signal: AbortSignal): Promise<FetchedPartition[]> {
    try {
      return await fetcher.poll({ timeoutMs: pollTimeoutMs, signal })
    } catch (error) {
      const place = error instanceof OffsetOutOfRangeError ? error.topicPartition : undefined
      const name = place && topicPartitionName(place.topic, place.partition)
      const found = name === undefined ? undefined : this.#readings.get(name)
      if (name === undefined || !found) throw error
      await this.#writes.settle()
      const { reading } = found
      await reading.beginAnew(await earliestOffset(this.#options.broker, reading.changelog))
      this.#fetching.delete(name)
      return []
    }
  }
}
