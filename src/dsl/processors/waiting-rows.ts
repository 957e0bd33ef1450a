/** A row that is held back, as far as it is kept in memory: its last update lies in the store. */
export interface WaitingRow<K, V> {
  readonly key: K
  /** The serialized key, one character a byte: what rows of the same time are ordered by. */
  readonly keyText: string
  readonly bufferTimeMs: number
  /** What the row was before the first update that is held back. */
  readonly priorValue: V | null
  /** As {@link BufferedChange.sizeBytes}, with the key. */
  sizeBytes: number
}

/**
 * The rows that are held back, by the time since when they wait and by key. A row keeps its place when it is updated.
 *
 * @remarks Source: the maps of Java's `InMemoryTimeOrderedKeyValueChangeBuffer`; a binary heap serves here, since rows
 * leave at the front only.
 */
export class WaitingRows<K, V> {
  private readonly byKey = new Map<string, WaitingRow<K, V>>()
  private readonly heap: WaitingRow<K, V>[] = []
  private bytes = 0

  /** Whether the rows are no longer what the store holds, as after a record was undone; they are to be added anew. */
  isStale = false

  /** Forgets all rows. */
  clear(): void {
    this.byKey.clear()
    this.heap.length = 0
    this.bytes = 0
    this.isStale = false
  }

  /** How many rows there are, with those that were taken and not forgotten yet. */
  get count(): number {
    return this.byKey.size
  }

  get sizeBytes(): number {
    return this.bytes
  }

  get(keyText: string): WaitingRow<K, V> | undefined {
    return this.byKey.get(keyText)
  }

  add(row: WaitingRow<K, V>): void {
    this.byKey.set(row.keyText, row)
    this.bytes += row.sizeBytes
    let at = this.heap.length
    this.heap.push(row)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(row, this.heap[parent]!)) break
      this.heap[at] = this.heap[parent]!
      at = parent
    }
    this.heap[at] = row
  }

  resize(row: WaitingRow<K, V>, sizeBytes: number): void {
    this.bytes += sizeBytes - row.sizeBytes
    row.sizeBytes = sizeBytes
  }

  /** Takes the row that waits longest out of the order, where it waits since that time or longer. */
  take(untilMs: number): WaitingRow<K, V> | undefined {
    const { heap } = this
    const [first] = heap
    if (first === undefined || first.bufferTimeMs > untilMs) return undefined
    const last = heap.pop()!
    if (heap.length > 0) this.sink(last)
    return first
  }

  /** Lets a row go that was taken; until then it can be found by key and counts. */
  forget(row: WaitingRow<K, V>): void {
    this.byKey.delete(row.keyText)
    this.bytes -= row.sizeBytes
  }

  /** Puts a row in at the front and moves it to where it belongs. */
  private sink(row: WaitingRow<K, V>): void {
    const { heap } = this
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, row)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = row
  }
}

function isBefore(a: WaitingRow<unknown, unknown>, b: WaitingRow<unknown, unknown>): boolean {
  if (a.bufferTimeMs !== b.bufferTimeMs) return a.bufferTimeMs < b.bufferTimeMs
  return a.keyText < b.keyText
}
