import type {
  Broker,
  CommittedOffset,
  Fetcher,
  FetchedPartition,
  Isolation,
} from '../../broker/port.ts'
import type { Clock } from '../../core/clock.ts'
import { OffsetOutOfRangeError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import { topicPartitionName } from '../../core/topic-partition.ts'
import type { ActiveTask } from '../active-task.ts'
import { ChangelogReading } from './changelog-reading.ts'
import { earliestOffset, findOffset } from './changelog-offsets.ts'
import { WritesUnderWay } from './writes-under-way.ts'

/** What restoring needs of the worker. */
export interface ChangelogRestorerOptions {
  readonly broker: Broker
  readonly isolation: Isolation
  readonly clock: Clock
  readonly logger: Logger
  /** Counts records as they are restored. */
  readonly onRestored: (task: ActiveTask, records: number) => void
}

/** The stores that are being restored, by the changelog's name. A reading ends at the changelog's end as it began. */
type Restorations = Map<string, { readonly task: ActiveTask; readonly reading: ChangelogReading }>

interface UnderWay {
  readonly open: Restorations
  readonly writes: WritesUnderWay
}

const pollTimeoutMs = 500
/** A few chunks, as one partition brings them or several stores together. */
const maxWritingBytes = 4 << 20

/**
 * Brings the stores of tasks to the end of their changelogs: from the offset that their state includes, or from the
 * start.
 *
 * The end is the high watermark also where only committed records are read, so that a transaction that was left open
 * is waited for rather than overlooked. A store that is restored from its source topic is brought to the committed
 * offset only: what comes after it is yet to be processed.
 *
 * @remarks Source: Java's `StoreChangelogReader`; KIP-1035 for the offset in the store.
 */
export class ChangelogRestorer {
  readonly #options: ChangelogRestorerOptions

  constructor(options: ChangelogRestorerOptions) {
    this.#options = options
  }

  /**
   * Restores these tasks, and calls back for each as soon as it is whole. Where the signal is aborted, it stops where
   * it is, which is a consistent state to go on from, and rejects with the signal's reason. `committed` are the offsets
   * that the group has committed of the tasks' inputs.
   */
  async restore(
    tasks: readonly ActiveTask[],
    committed: readonly CommittedOffset[],
    signal: AbortSignal,
    onWhole: (task: ActiveTask) => void,
  ): Promise<void> {
    const open = await this.#begin(tasks, committed)
    const whole = (task: ActiveTask): boolean =>
      ![...open.values()].some((restoration) => restoration.task === task)
    for (const task of tasks) if (whole(task)) onWhole(task)
    if (open.size === 0) return
    const { broker, isolation } = this.#options
    const fetcher = broker.openFetcher({ isolation })
    const writes = new WritesUnderWay(maxWritingBytes)
    try {
      fetcher.assign([...open.values()].map(({ reading }) => reading.place))
      while (open.size > 0) {
        for (const fetched of await this.#poll(fetcher, { open, writes }, signal)) {
          await this.#take({ open, writes }, fetched)
          signal.throwIfAborted()
        }
        const ended = [...open].filter(([, { reading }]) => !reading.hasMore)
        if (ended.length > 0) await writes.settle()
        for (const [name, { task, reading }] of ended) {
          fetcher.unassign([reading.changelog])
          open.delete(name)
          if (whole(task)) onWhole(task)
        }
      }
    } finally {
      await fetcher.close()
      await writes.settle()
    }
  }

  async #begin(
    tasks: readonly ActiveTask[],
    committed: readonly CommittedOffset[],
  ): Promise<Restorations> {
    const { broker, logger } = this.#options
    const wanted = tasks.flatMap((task) =>
      task.changelogs.map((changelog) => ({ task, changelog })),
    )
    const partitions = wanted.map(({ changelog }) => changelog)
    const open: Restorations = new Map()
    if (partitions.length === 0) return open
    const starts = await broker.listOffsets(partitions, 'earliest', 'read_uncommitted')
    const ends = await broker.listOffsets(partitions, 'latest', 'read_uncommitted')
    // It may be a second attempt, after the first was interrupted.
    for (const task of tasks) task.restoreRemaining = 0
    for (const { task, changelog } of wanted) {
      const startOffset = findOffset(starts, changelog)!
      const endOffset = changelog.isSource
        ? (findOffset(committed, changelog) ?? 0)
        : findOffset(ends, changelog)!
      const places = { task, changelog, logger, startOffset, endOffset }
      const reading = await ChangelogReading.begin(places)
      task.restoreRemaining += reading.lag
      if (reading.lag === 0) continue
      open.set(topicPartitionName(changelog.topic, changelog.partition), { task, reading })
    }
    return open
  }

  async #poll(
    fetcher: Fetcher,
    { open, writes }: UnderWay,
    signal: AbortSignal,
  ): Promise<FetchedPartition[]> {
    try {
      return await fetcher.poll({ timeoutMs: pollTimeoutMs, signal })
    } catch (error) {
      const place = error instanceof OffsetOutOfRangeError ? error.topicPartition : undefined
      const found = place && open.get(topicPartitionName(place.topic, place.partition))
      if (!found) throw error
      await writes.settle()
      const { task, reading } = found
      const before = reading.lag
      await reading.beginAnew(await earliestOffset(this.#options.broker, reading.changelog))
      task.restoreRemaining += reading.lag - before
      fetcher.assign([reading.place])
      return []
    }
  }

  async #take({ open, writes }: UnderWay, fetched: FetchedPartition): Promise<void> {
    const found = open.get(topicPartitionName(fetched.topic, fetched.partition))
    if (!found) return
    const { clock, onRestored } = this.#options
    const { task, reading } = found
    await writes.room(fetched.bytes)
    const before = reading.place.offset
    const { records, written } = await reading.take(fetched)
    const offsets = reading.place.offset - before
    const counted = written.then(() => {
      task.restoreRemaining = Math.max(0, task.restoreRemaining - offsets)
      onRestored(task, records)
    })
    writes.add(fetched.bytes, counted)
    await clock.yieldToEventLoop()
  }
}
