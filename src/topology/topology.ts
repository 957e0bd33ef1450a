import { TopologyError } from '../core/errors.ts'
import type { StateStore, StoreRef } from '../state/store.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import { emptyDefinition, type TopologyDefinition } from './definition.ts'
import { describePlan, type DescribeFormat } from './describe-plan.ts'
import { describeText } from './describe-text.ts'
import { validateName } from './names.ts'
import { nameOfNode, type NodeRef, type Parent } from './node-ref.ts'
import { buildPlan } from './plan-builder.ts'
import type { Processor, ProcessorSupplier } from './processor.ts'
import { refuseTakenPattern, refuseTakenTopic } from './taken-topics.ts'
import { readOf, type SourceTopics } from './topic-pattern.ts'
import type { Topic } from './topic.ts'
import type {
  AnyStoreSpec,
  DynamicTopic,
  GlobalStoreOptions,
  ProcessorOptions,
  SinkOptions,
  SourceOptions,
  StoreOf,
} from './topology-options.ts'
import type {
  InternalTopic,
  ProcessorNode,
  SinkNode,
  StreamPartitioner,
  TimestampExtractor,
  TopologyPlan,
} from './topology-plan.ts'

/**
 * A graph of sources, processors, stores and sinks: what an application computes, as data. Nothing here touches a
 * broker, a disk or a clock.
 *
 * `StreamsBuilder.build()` makes one from the DSL; the methods here are the Processor API.
 *
 * @remarks Source: `org.apache.kafka.streams.Topology`.
 */
export class Topology {
  private readonly definition: TopologyDefinition = emptyDefinition()

  /**
   * Reads one topic, several of the same types, or all those that match a pattern.
   *
   * @throws TopologyError for a name used twice, or a topic that another source reads.
   */
  addSource<K, V>(
    name: string,
    topics: SourceTopics<K, V>,
    options: SourceOptions<K, V> = {},
  ): NodeRef<K, V> {
    this.refuseTakenNodeName(name)
    const { names, pattern, key, value } = readOf(topics)
    if (key === undefined || value === undefined) {
      throw new TopologyError(`The source ${name} has no topic.`)
    }
    if (pattern) refuseTakenPattern(this.definition, pattern)
    for (const [index, topicName] of names.entries()) {
      validateName('topic', topicName)
      refuseTakenTopic(this.definition, topicName)
      if (names.indexOf(topicName) < index) {
        throw new TopologyError(`The source ${name} names the topic ${topicName} twice.`)
      }
    }
    this.definition.nodes.set(name, {
      type: 'source',
      name,
      topics: names,
      pattern,
      key,
      value,
      timestampExtractor: options.timestampExtractor as TimestampExtractor | undefined,
      offsetReset: options.offsetReset,
      onLostOffset: options.onLostOffset,
    })
    this.definition.groups.add(name)
    return { nodeName: name }
  }

  /**
   * Adds a step that handles the records of its parents.
   *
   * @throws TopologyError for a name used twice, an unknown parent, a sink as parent, or an unknown store.
   */
  addProcessor<KIn, VIn, KOut, VOut, const Stores extends readonly StoreRef[] = readonly []>(
    name: string,
    supplier: ProcessorSupplier<KIn, VIn, KOut, VOut, StoreOf<Stores[number]>>,
    options: ProcessorOptions<KIn, VIn, Stores>,
  ): NodeRef<KOut, VOut> {
    this.refuseTakenNodeName(name)
    const parents = this.checkedParents(name, options.parents)
    this.definition.nodes.set(name, {
      type: 'processor',
      name,
      parents,
      supplier: supplier as ProcessorNode['supplier'],
      keepsKey: options.keepsKey ?? false,
      stores: new Set(),
    })
    this.join(name, parents)
    for (const store of options.stores ?? []) {
      // Global stores are everyone's; naming one here only makes its type known to the compiler.
      if (this.isGlobal(store)) continue
      if (isStoreSpec(store)) this.addStateStore(store)
      this.connect(name, store.storeName)
    }
    return { nodeName: name }
  }

  /**
   * Writes the records of its parents to a topic.
   *
   * @throws TopologyError for a name used twice, an unknown parent, or a sink as parent.
   */
  addSink<K, V>(
    name: string,
    topic: Topic<K, V> | DynamicTopic<K, V>,
    options: SinkOptions<NoInfer<K>, NoInfer<V>>,
  ): void {
    this.refuseTakenNodeName(name)
    const parents = this.checkedParents(name, options.parents)
    this.definition.nodes.set(name, {
      type: 'sink',
      name,
      parents,
      topic: targetOf(topic),
      key: topic.key,
      value: topic.value,
      partitioner: options.partitioner as StreamPartitioner | undefined,
    })
    this.join(name, parents)
  }

  /**
   * Declares a store and connects it to processors. Processors that share a store run in the same task.
   *
   * @throws TopologyError where another store has that name, or a processor is unknown.
   */
  addStateStore(spec: AnyStoreSpec, ...processors: readonly Parent<unknown, unknown>[]): void {
    const name = spec.storeName
    validateName('store', name)
    const known = this.definition.stores.get(name)
    if ((known && known.spec !== (spec as unknown)) || this.definition.globalStores.has(name)) {
      throw new TopologyError(
        `The store name ${name} is used twice. Give one of the two stores another name, or ` +
          'pass the same declaration where the same store is meant.',
      )
    }
    if (!known) {
      this.definition.stores.set(name, { spec: spec as unknown as StoreSpec, users: [] })
    }
    for (const processor of processors) this.connect(nameOfNode(processor), name)
  }

  /**
   * Lets a processor use stores that were added.
   *
   * @throws TopologyError where the processor or a store is unknown, or the node is a source or a sink.
   */
  connectProcessorAndStateStores(
    processor: Parent<unknown, unknown>,
    ...stores: readonly (StoreRef | string)[]
  ): void {
    const name = nameOfNode(processor)
    if (stores.length === 0) throw new TopologyError(`No store is named to connect to ${name}.`)
    for (const store of stores) {
      this.connect(name, typeof store === 'string' ? store : store.storeName)
    }
  }

  /**
   * Declares a store of which every worker keeps a whole copy, filled from a topic. Every processor may read it
   * without being connected to it.
   *
   * @throws TopologyError for a name used twice, or a topic that another source reads.
   * @remarks Source: `Topology.addGlobalStore`.
   */
  addGlobalStore<K, V>(spec: AnyStoreSpec, options: GlobalStoreOptions<K, V>): StoreRef {
    const { sourceName, processorName, topic } = options
    const storeName = spec.storeName
    validateName('store', storeName)
    if (this.definition.stores.has(storeName) || this.definition.globalStores.has(storeName)) {
      throw new TopologyError(`The store name ${storeName} is used twice; name one differently.`)
    }
    const source = this.addSource<K, V>(
      sourceName,
      topic,
      options.timestampExtractor ? { timestampExtractor: options.timestampExtractor } : {},
    )
    this.addProcessor<K, V | null, never, never>(
      processorName,
      options.supplier as () => Processor<K, V | null>,
      { parents: [source], keepsKey: true },
    )
    // Filled from the topic itself, so a changelog would only repeat it.
    const unlogged = { ...spec, logging: { ...spec.logging, enabled: false } }
    const node = this.definition.nodes.get(processorName)
    if (node?.type === 'processor') node.stores.add(storeName)
    this.definition.globalStores.set(storeName, {
      declared: spec,
      spec: unlogged as unknown as StoreSpec,
      sourceName,
      processorName,
      topic: topic.name,
    })
    return { storeName }
  }

  /**
   * The topology as the runtime reads it.
   *
   * @throws TopologyError for a store that no processor uses, or co-partitioned topics with unequal partitions.
   */
  plan(): TopologyPlan {
    return buildPlan(this.definition)
  }

  /**
   * The topology as text: `text`, which is what Kafka Streams prints for the same topology; `mermaid`, a flow chart;
   * `dot`, a graph for Graphviz; or `json`, a `TopologySnapshot` to be kept and compared with later ones.
   *
   * @throws TopologyError for other formats than `text`, where {@link plan} would throw.
   * @remarks Source: `Topology.describe`.
   */
  describe(options: { readonly format?: DescribeFormat } = {}): string {
    const { format = 'text' } = options
    return format === 'text' ? describeText(this.definition) : describePlan(this.plan(), format)
  }

  /** @internal Declares a topic that the application owns; its name then gets the application id as a prefix. */
  addInternalTopic(topic: InternalTopic): void {
    validateName('topic', topic.name)
    this.definition.internalTopics.set(topic.name, topic)
  }

  /**
   * @internal Has a store restored from the topic that it is filled from, record for record, so that it needs no
   * changelog of its own.
   */
  restoreFromSource(storeName: string, topic: string): void {
    const store = this.definition.stores.get(storeName)
    if (!store) throw new TopologyError(`The store ${storeName} is not added yet.`)
    store.sourceTopic = topic
  }

  /** @internal Notes names that nobody chose, and that change with what is declared before them. */
  noteGeneratedNames(names: Iterable<string>): void {
    for (const name of names) this.definition.generatedNames.add(name)
  }

  /** @internal A store that was added, by name. */
  storeSpec(name: string): StoreSpec | undefined {
    return this.definition.stores.get(name)?.spec
  }

  /** @internal Demands that the topics of these sources have as many partitions as each other. */
  copartitionSources(sources: readonly string[]): void {
    this.definition.copartitionedSources.push(sources)
  }

  private isGlobal(store: StoreRef): boolean {
    const global = this.definition.globalStores.get(store.storeName)
    return global !== undefined && (!isStoreSpec(store) || global.declared === store)
  }

  private connect(processorName: string, storeName: string): void {
    const node = this.definition.nodes.get(processorName)
    if (!node) throw new TopologyError(`The processor ${processorName} is not added yet.`)
    if (node.type !== 'processor') {
      throw new TopologyError(
        `The store ${storeName} cannot be connected to ${processorName}, which is a ${node.type}.`,
      )
    }
    if (this.definition.globalStores.has(storeName)) {
      throw new TopologyError(
        `${storeName} is a global store: every processor may read it without being connected to it.`,
      )
    }
    const store = this.definition.stores.get(storeName)
    if (!store) {
      throw new TopologyError(
        `The store ${storeName}, which ${processorName} wants, is not added yet.`,
      )
    }
    const otherUser = store.users[0]
    if (otherUser !== undefined) this.definition.groups.unite(otherUser, processorName)
    if (!store.users.includes(processorName)) store.users.push(processorName)
    node.stores.add(storeName)
  }

  private checkedParents(name: string, parents: readonly Parent<unknown, unknown>[]): string[] {
    if (parents.length === 0) throw new TopologyError(`The node ${name} has no parents.`)
    return parents.map((parent) => {
      const parentName = nameOfNode(parent)
      const node = this.definition.nodes.get(parentName)
      if (parentName === name) {
        throw new TopologyError(`The node ${name} is its own parent: a topology has no cycles.`)
      }
      if (!node) {
        throw new TopologyError(
          `The parent ${parentName} of ${name} is unknown. Add parents before their children; ` +
            'records can only go round through a topic.',
        )
      }
      if (node.type === 'sink') {
        throw new TopologyError(`The sink ${parentName} cannot be the parent of ${name}.`)
      }
      return parentName
    })
  }

  private join(name: string, parents: readonly string[]): void {
    this.definition.groups.add(name)
    for (const parent of parents) this.definition.groups.unite(name, parent)
  }

  private refuseTakenNodeName(name: string): void {
    validateName('node', name)
    if (!this.definition.nodes.has(name)) return
    throw new TopologyError(`The node name ${name} is used twice; give one of the nodes another.`)
  }
}

function isStoreSpec(store: StoreRef<StateStore>): store is AnyStoreSpec {
  return 'kind' in store && 'logging' in store
}

function targetOf<K, V>(topic: Topic<K, V> | DynamicTopic<K, V>): SinkNode['topic'] {
  const name = topic.name
  if (typeof name === 'string') {
    validateName('topic', name)
    return name
  }
  const choose = name as unknown as (value: unknown, key: unknown, record: unknown) => string
  const target: SinkNode['topic'] = (key, value, record) => choose(value, key, record)
  Object.defineProperty(target, 'name', { value: name.name })
  return target
}
