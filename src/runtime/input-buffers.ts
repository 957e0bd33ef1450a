import type { Fetcher } from '../broker/port.ts'
import { topicPartitionName, type TopicPartition } from '../core/topic-partition.ts'
import type { TaskManager } from './task-manager.ts'

/** What {@link InputBuffers} keeps in bounds. */
export interface InputBuffersOptions {
  readonly fetcher: Fetcher
  readonly tasks: TaskManager
  /** Of one partition. */
  readonly maxBufferedBytes: number
  /** Over all partitions. */
  readonly inputBufferMaxBytes: number
}

/** Of the whole bound, at which partitions that were paused because of it are read again. */
const relievedPart = 0.75

/**
 * Keeps what is fetched and not yet processed in bounds, by pausing partitions.
 *
 * A partition of which nothing is buffered is read whatever the others hold: its task may be waiting for just that one.
 */
export class InputBuffers {
  readonly #options: InputBuffersOptions
  readonly #paused = new Map<string, TopicPartition>()

  constructor(options: InputBuffersOptions) {
    this.#options = options
  }

  /** Partitions that are not read at the moment. */
  get pausedPartitions(): number {
    return this.#paused.size
  }

  /** Pauses and resumes by what tasks hold now. */
  regulate(): void {
    const { fetcher, tasks, maxBufferedBytes, inputBufferMaxBytes } = this.#options
    const total = this.bufferedBytes
    const isRelieved = total <= inputBufferMaxBytes * relievedPart
    const resume: TopicPartition[] = []
    for (const [name, place] of this.#paused) {
      const active = tasks.ofPartition(place)
      const buffered = active?.task.bufferedBytes(place.topic, place.partition) ?? 0
      if (buffered > 0 && (!isRelieved || buffered > maxBufferedBytes / 2)) continue
      this.#paused.delete(name)
      resume.push(place)
    }
    if (resume.length > 0) fetcher.resume(resume)
    const limit = total > inputBufferMaxBytes ? 0 : maxBufferedBytes
    this.#pause((buffered) => buffered > limit)
  }

  /** Pauses all of them, as while nothing can be written; the next {@link regulate} lets go of what may go on. */
  pauseAll(): void {
    this.#pause(() => true)
  }

  /** Bytes that were fetched and are not processed yet. */
  get bufferedBytes(): number {
    let bytes = 0
    for (const { task } of this.#options.tasks.running) bytes += task.totalBufferedBytes
    return bytes
  }

  #pause(isToPause: (bufferedBytes: number) => boolean): void {
    const { fetcher, tasks } = this.#options
    const pause: TopicPartition[] = []
    for (const { inputs, task } of tasks.running) {
      for (const place of inputs.partitions) {
        const name = topicPartitionName(place.topic, place.partition)
        if (this.#paused.has(name)) continue
        if (!isToPause(task.bufferedBytes(place.topic, place.partition))) continue
        this.#paused.set(name, place)
        pause.push(place)
      }
    }
    if (pause.length > 0) fetcher.pause(pause)
  }
}
