import type { RawTestRecord } from './raw-test-record.ts'

/** The records of a topic that no task has been given yet; never empty while it waits in a heap. */
interface Waiting {
  readonly topic: string
  readonly records: RawTestRecord[]
  /** How many of them were taken. */
  taken: number
}

/**
 * The order in which a test driver gives records to its tasks: always that of the lowest event time among the first of
 * each topic, and of equal ones mostly that of the topic which has had one for longest.
 *
 * A broker promises no order between topics, and a worker's tasks choose by name where times are equal. A test driver
 * keeps the order of Kafka Streams' driver, which is that of a binary heap, so that the same test gives the same.
 *
 * @remarks Source: Java's `PartitionGroup` and `PriorityQueue`, as `TopologyTestDriver` uses them.
 */
export class Arrivals {
  readonly #heap: Waiting[] = []
  readonly #byTopic = new Map<string, Waiting>()

  add(topic: string, record: RawTestRecord): void {
    const waiting = this.#byTopic.get(topic)
    if (waiting) {
      waiting.records.push(record)
      return
    }
    const first = { topic, records: [record], taken: 0 }
    this.#byTopic.set(topic, first)
    this.#offer(first)
  }

  /** The next record; undefined where none waits. */
  take(): { readonly topic: string; readonly record: RawTestRecord } | undefined {
    const first = this.#poll()
    if (first === undefined) return undefined
    const { topic, records } = first
    const record = records[first.taken++]!
    if (first.taken < records.length) this.#offer(first)
    else this.#byTopic.delete(topic)
    return { topic, record }
  }

  #offer(waiting: Waiting): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(waiting)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (headMs(waiting) >= headMs(heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = waiting
  }

  #poll(): Waiting | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let at = 0
    while (at < heap.length >>> 1) {
      let child = 2 * at + 1
      const right = child + 1
      if (right < heap.length && headMs(heap[child]!) > headMs(heap[right]!)) child = right
      if (headMs(last) <= headMs(heap[child]!)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}

function headMs({ records, taken }: Waiting): number {
  return records[taken]!.timestampMs
}
