import { TopologyError } from '../core/errors.ts'
import { keyValueStore } from '../state/key-value-store-spec.ts'
import type { KeyValueStore } from '../state/store.ts'
import type { Processor } from '../topology/processor.ts'
import { readOf, type SourceTopics } from '../topology/topic-pattern.ts'
import type { Topic } from '../topology/topic.ts'
import type { Topology } from '../topology/topology.ts'
import type { AnyStoreSpec, GlobalStoreOptions } from '../topology/topology-options.ts'
import { DeclaredGroupedStream } from './declared-grouped-stream.ts'
import { DeclaredStream } from './declared-stream.ts'
import { DeclaredTable } from './declared-table.ts'
import type { Handles } from './declared.ts'
import { LogicalPlan } from './logical-plan.ts'
import type { ConsumedOptions, TableOptions } from './operator-options.ts'
import { chosenOptimizations, type BuildOptions } from './optimizer/optimizations.ts'
import { TableSourceProcessor } from './processors/table-source.ts'
import { SourceTable } from './source-table.ts'
import { storeOptions } from './store-options.ts'
import type { KStream } from './k-stream.ts'
import type { GlobalKTable, KTable } from './k-table.ts'

const handles: Handles = {
  stream: (state) => new DeclaredStream(state),
  table: (state) => new DeclaredTable(state),
  groupedStream: (state) => new DeclaredGroupedStream(state),
}

/**
 * Declares a topology with streams and tables. Nothing here touches a broker, a disk or a clock.
 *
 * @remarks Source: `org.apache.kafka.streams.StreamsBuilder`.
 */
export class StreamsBuilder {
  private readonly plan = new LogicalPlan()

  /**
   * The records of a topic, of several of the same types, or of all topics that match a pattern, those that are created
   * later among them. The same topic, or pattern, may be asked for again.
   *
   * With a pattern, one task reads the same partition of all topics, and there are as many tasks as the widest of them
   * has partitions.
   *
   * @throws TopologyError in `build` where a topic is read with other topics here than there, or a pattern matches one
   * that is read by its name.
   */
  stream<K, V>(topics: SourceTopics<K, V>, options: ConsumedOptions<K, V> = {}): KStream<K, V> {
    const { names, pattern, key, value } = readOf(topics)
    const name = this.plan.processorName('KSTREAM-SOURCE-', options.name)
    const node = this.plan.addSource({
      name,
      source: {
        topics: names,
        pattern: pattern && String(pattern),
        offsetReset: options.offsetReset,
        onLostOffset: options.onLostOffset,
      },
      write: (topology) => topology.addSource(name, topics, consumed(options)),
    })
    return handles.stream<K, V>({
      plan: this.plan,
      handles,
      name,
      node,
      key,
      value,
      sources: [name],
      repartitionRequired: false,
    })
  }

  /** The latest value of each key of a topic; records without a value delete. */
  table<K, V>(topic: Topic<K, V>, options: TableOptions<K, V> = {}): KTable<K, V> {
    const names = this.tableNames(topic, options)
    const store = storeOptions(options.store)
    const backing = new SourceTable(names.store, store, topic.key, topic.value)
    const node = this.plan.addSource({
      name: names.table,
      write(topology, _parents, { optimizations }) {
        const source = topology.addSource(names.source, topic, consumed(options))
        const spec = backing.spec()
        topology.addProcessor(names.table, () => new TableSourceProcessor<K, V>(backing.source), {
          parents: [source],
          keepsKey: true,
          stores: spec ? [spec] : [],
        })
        if (spec && optimizations.has('reuse.ktable.source.topics')) {
          topology.restoreFromSource(spec.storeName, topic.name)
        }
      },
    })
    return handles.table<K, V>({
      plan: this.plan,
      handles,
      name: names.table,
      node,
      key: topic.key,
      value: topic.value,
      sources: [names.source],
      backing,
    })
  }

  /** The same, held whole by every worker, to be joined by any key. The topic itself is its changelog. */
  globalTable<K, V>(topic: Topic<K, V>, options: TableOptions<K, V> = {}): GlobalKTable<K, V> {
    const names = this.tableNames(topic, options)
    const source = { storeName: names.store, sendOldValues: false }
    const { key, value } = topic
    const { versioned, ...store } = storeOptions(options.store)
    if (versioned !== undefined) {
      throw new TopologyError(
        `The global table of ${topic.name} cannot be versioned: it is joined with whatever it holds when a record ` +
          'comes. Use a table, or leave versioned out.',
      )
    }
    const spec = keyValueStore({ ...store, name: names.store, key, value, logging: false })
    this.plan.addSource({
      name: names.table,
      write(topology) {
        topology.addGlobalStore<K, V>(spec, {
          topic,
          sourceName: names.source,
          processorName: names.table,
          supplier: () => new TableSourceProcessor<K, V>(source) as Processor<K, V | null, never>,
          ...(options.timestampExtractor && { timestampExtractor: options.timestampExtractor }),
        })
      },
    })
    return { storeName: names.store } satisfies {
      storeName: string
      storeType?: KeyValueStore<K, V>
    }
  }

  /** Declares a store for processors; naming it in their options connects it to them. */
  addStateStore(spec: AnyStoreSpec): this {
    const write = (topology: Topology): void => topology.addStateStore(spec)
    this.plan.addSource({ name: spec.storeName, write })
    return this
  }

  /** Declares a store of which every worker keeps a whole copy, filled by a processor of the user's. */
  addGlobalStore<K, V>(spec: AnyStoreSpec, options: GlobalStoreOptions<K, V>): this {
    this.plan.addSource({
      name: options.processorName,
      write(topology) {
        topology.addGlobalStore(spec, options)
      },
    })
    return this
  }

  /**
   * The topology of all that was declared.
   *
   * @throws TopologyError for names used twice, stores that nothing uses, topics read twice in different ways, and
   * optimizations that do not exist.
   */
  build(options: BuildOptions = {}): Topology {
    const topology = this.plan.build(chosenOptimizations(options))
    // What would only be found when the plan is read is refused here, at the declaration.
    topology.plan()
    return topology
  }

  private tableNames(
    topic: Topic<unknown, unknown>,
    options: TableOptions<never, never>,
  ): { readonly store: string; readonly source: string; readonly table: string } {
    const store = storeOptions(options.store).name ?? this.plan.storeName(`${topic.name}-`)
    const source = this.plan.suffixedName('KSTREAM-SOURCE-', '-source', options.name)
    const table = this.plan.processorName('KTABLE-SOURCE-', options.name)
    return { store, source, table }
  }
}

function consumed<K, V>(options: ConsumedOptions<K, V>): ConsumedOptions<K, V> {
  const { timestampExtractor, offsetReset, onLostOffset } = options
  return {
    ...(timestampExtractor && { timestampExtractor }),
    ...(offsetReset && { offsetReset }),
    ...(onLostOffset && { onLostOffset }),
  }
}
