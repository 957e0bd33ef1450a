import { bindSerde, type Serde, type SerdeEnvironment } from '../serdes/serde.ts'
import type { Processor } from '../topology/processor.ts'
import type { SourceNode, TimestampExtractor } from '../topology/topology-plan.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import { deliver, type AnyRecord, type GraphNode } from './graph-node.ts'
import { TaskProcessorNode } from './task-processor-node.ts'

type Prefetching = Processor<unknown, unknown, unknown, unknown> & {
  prefetch(key: unknown, timestampMs: number, value?: unknown): void
}

interface Prefetch {
  readonly processor: Prefetching
  /** Whether it asks for the value, and no step before it may give records other values. */
  readonly takesValue: boolean
}

/** Where records enter a task: knows how they are read and where they go. */
export class TaskSourceNode implements GraphNode {
  readonly name: string
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
  /** Undefined: the record's own timestamp. */
  readonly timestampExtractor: TimestampExtractor | undefined
  /** Filled in once all nodes are made. */
  readonly children: GraphNode[] = []
  #prefetching: readonly Prefetch[] = []

  constructor(
    node: SourceNode,
    environment: SerdeEnvironment,
    defaultExtractor: TimestampExtractor | undefined,
  ) {
    this.name = node.name
    this.key = bindSerde(node.key, environment)
    this.value = bindSerde(node.value, environment)
    this.timestampExtractor = node.timestampExtractor ?? defaultExtractor
  }

  /** Finds the processors that can say ahead what they will read: those before which no step changes the key. */
  findPrefetching(): void {
    const found: Prefetch[] = []
    const seen = new Set<GraphNode>()
    const visit = (nodes: readonly GraphNode[], knowsValue: boolean): void => {
      for (const node of nodes) {
        if (!(node instanceof TaskProcessorNode) || seen.has(node)) continue
        seen.add(node)
        const processor = node.processor as Partial<Prefetching>
        if (processor.prefetch) {
          const takesValue = knowsValue && processor.prefetchesByValue === true
          found.push({ processor: processor as Prefetching, takesValue })
        }
        if (node.keepsKey) visit(node.children, false)
      }
    }
    visit(this.children, true)
    this.#prefetching = found
  }

  get prefetches(): boolean {
    return this.#prefetching.length > 0
  }

  /** Whether whole records are to be read before their turn: for the time an extractor gives them, or their values. */
  get readsAhead(): boolean {
    if (this.timestampExtractor !== undefined) return true
    return this.#prefetching.some(({ takesValue }) => takesValue)
  }

  /** Asks for the state that a record will touch to be read together with that of others. */
  prefetch(key: unknown, timestampMs: number, value: unknown): void {
    if (key === null || key === undefined) return
    for (const { processor, takesValue } of this.#prefetching) {
      try {
        if (takesValue) processor.prefetch(key, timestampMs, value)
        else processor.prefetch(key, timestampMs)
      } catch {
        // Reading ahead only saves time. What is wrong shows again when the record is processed, at its place.
      }
    }
  }

  process(record: AnyRecord): MaybePromise<void> {
    return deliver(this.children, record)
  }
}
