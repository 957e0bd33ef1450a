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
import type { ChangelogRecord } from '../../state/task-state.ts'
import type { ActiveTask, StoreChangelog } from '../active-task.ts'
import { SourceTopicReader } from './source-topic-reader.ts'

/** What restoring needs of the worker. */
export interface ChangelogRestorerOptions {
  readonly broker: Broker
  readonly isolation: Isolation
  readonly clock: Clock
  readonly logger: Logger
  /** Counts records as they are restored. */
  readonly onRestored: (task: ActiveTask, records: number) => void
}

interface Restoration {
  readonly task: ActiveTask
  readonly changelog: StoreChangelog
  /** The end of the changelog when restoring began; an open transaction before it is waited for. */
  readonly endOffset: number
  /** Reads what is no changelog; undefined for a changelog, whose records are as the store wrote them. */
  readonly source: SourceTopicReader | undefined
  position: number
}

const pollTimeoutMs = 500

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
    try {
      fetcher.assign([...open.values()].map(positionOf))
      while (open.size > 0) {
        for (const fetched of await this.#poll(fetcher, open, signal)) {
          const name = topicPartitionName(fetched.topic, fetched.partition)
          const restoration = open.get(name)
          if (!restoration) continue
          await this.#apply(restoration, fetched)
          signal.throwIfAborted()
        }
        for (const [name, restoration] of open) {
          if (restoration.position < restoration.endOffset) continue
          fetcher.unassign([restoration.changelog])
          open.delete(name)
          if (whole(restoration.task)) onWhole(restoration.task)
        }
      }
    } finally {
      await fetcher.close()
    }
  }

  async #begin(
    tasks: readonly ActiveTask[],
    committed: readonly CommittedOffset[],
  ): Promise<Map<string, Restoration>> {
    const { broker, logger } = this.#options
    const wanted = tasks.flatMap((task) =>
      task.changelogs.map((changelog) => ({ task, changelog })),
    )
    const partitions = wanted.map(({ changelog }) => changelog)
    if (partitions.length === 0) return new Map()
    const starts = await broker.listOffsets(partitions, 'earliest', 'read_uncommitted')
    const ends = await broker.listOffsets(partitions, 'latest', 'read_uncommitted')
    const open = new Map<string, Restoration>()
    // It may be a second attempt, after the first was interrupted.
    for (const task of tasks) task.restoreRemaining = 0
    for (const { task, changelog } of wanted) {
      const startOffset = findOffset(starts, changelog)!
      const endOffset = changelog.isSource
        ? (findOffset(committed, changelog) ?? 0)
        : findOffset(ends, changelog)!
      const position = await this.#startOf(task, changelog, startOffset, endOffset)
      task.restoreRemaining += Math.max(0, endOffset - position)
      if (position >= endOffset) continue
      const source = changelog.isSource
        ? new SourceTopicReader({ task, changelog, endOffset, logger })
        : undefined
      const restoration = { task, changelog, endOffset, source, position }
      open.set(topicPartitionName(changelog.topic, changelog.partition), restoration)
    }
    return open
  }

  /** Where restoring goes on; a store whose place in the changelog is gone is emptied and begins anew. */
  async #startOf(
    task: ActiveTask,
    { storeName, topic, partition }: StoreChangelog,
    startOffset: number,
    endOffset: number,
  ): Promise<number> {
    const included = task.state.changelogOffset(storeName)
    if (included !== undefined && included >= startOffset && included <= endOffset) return included
    if (included !== undefined) {
      this.#options.logger.warn('The changelog no longer has where the store is; restoring anew', {
        task: task.name,
        storeName,
        topic,
        partition,
        included,
        startOffset,
        endOffset,
      })
    }
    await task.state.clear(storeName)
    return startOffset
  }

  async #poll(
    fetcher: Fetcher,
    open: ReadonlyMap<string, Restoration>,
    signal: AbortSignal,
  ): Promise<FetchedPartition[]> {
    try {
      return await fetcher.poll({ timeoutMs: pollTimeoutMs, signal })
    } catch (error) {
      const place = error instanceof OffsetOutOfRangeError ? error.topicPartition : undefined
      const restoration = place && open.get(topicPartitionName(place.topic, place.partition))
      if (!restoration) throw error
      // The changelog was cut while it was read: what was restored of it may lack deletions, so it begins anew.
      await restoration.task.state.clear(restoration.changelog.storeName)
      const earliest = await this.#options.broker.listOffsets(
        [restoration.changelog],
        'earliest',
        'read_uncommitted',
      )
      restoration.position = earliest[0]!.offset
      fetcher.assign([positionOf(restoration)])
      return []
    }
  }

  async #apply(restoration: Restoration, fetched: FetchedPartition): Promise<void> {
    const { task, changelog, source, endOffset } = restoration
    const records = source
      ? await source.read(fetched.records)
      : changelogRecords(fetched, task.state.keepsHeaders(changelog.storeName))
    // A source topic is fetched beyond where its records are yet to be processed.
    const nextOffset = source ? Math.min(fetched.nextOffset, endOffset) : fetched.nextOffset
    await task.state.restore(changelog.storeName, records, nextOffset)
    task.restoreRemaining = Math.max(0, task.restoreRemaining - (nextOffset - restoration.position))
    task.restored += records.length
    restoration.position = nextOffset
    this.#options.onRestored(task, records.length)
    await this.#options.clock.yieldToEventLoop()
  }
}

function positionOf({ changelog, position }: Restoration): {
  topic: string
  partition: number
  offset: number
} {
  return { topic: changelog.topic, partition: changelog.partition, offset: position }
}

function changelogRecords(
  { records: cursor }: FetchedPartition,
  keepsHeaders: boolean,
): ChangelogRecord[] {
  const records: ChangelogRecord[] = []
  while (cursor.next()) {
    const { buffer, keyStart, keyEnd, valueStart, valueEnd, timestampMs } = cursor
    if (keyEnd < 0) continue
    records.push({
      key: buffer.subarray(keyStart, keyEnd),
      value: valueEnd < 0 ? null : buffer.subarray(valueStart, valueEnd),
      timestampMs,
      ...(keepsHeaders ? { headers: cursor.headers() } : {}),
    })
  }
  return records
}

function findOffset(
  offsets: readonly { topic: string; partition: number; offset: number }[],
  { topic, partition }: StoreChangelog,
): number | undefined {
  return offsets.find((each) => each.topic === topic && each.partition === partition)?.offset
}
