import type { Serde } from '../serdes/serde.ts'
import type { StoreRef } from '../state/store.ts'
import type { ProcessorNode, StreamPartitioner } from '../topology/topology-plan.ts'
import type { ProcessorSupplier } from '../topology/processor.ts'
import type { Topic } from '../topology/topic.ts'
import type { DynamicTopic } from '../topology/topology-options.ts'
import type { AsyncMapper, MapValuesAsyncOptions } from './async-options.ts'
import type * as callbacks from './callbacks.ts'
import { DeclaredBranches } from './declared-branches.ts'
import type { DeclaredStreamState } from './declared.ts'
import type { LogicalNode } from './logical-node.ts'
import type * as options from './operator-options.ts'
import { FilterProcessor } from './processors/filter.ts'
import { FlatMapValuesProcessor } from './processors/flat-map-values.ts'
import { FlatMapProcessor } from './processors/flat-map.ts'
import { ForEachProcessor, PeekProcessor } from './processors/for-each.ts'
import { MapValuesProcessor } from './processors/map-values.ts'
import { MapProcessor } from './processors/map.ts'
import { passThrough } from './processors/pass-through.ts'
import { PrintProcessor } from './processors/print.ts'
import { SelectKeyProcessor } from './processors/select-key.ts'
import { repartitionStep } from './repartition.ts'
import { neededSerde } from './serde-needed.ts'
import { dedupStream } from './stream-dedup.ts'
import { mapStreamValuesAsync } from './stream-map-values-async.ts'
import { processStream, processStreamValues } from './stream-process.ts'
import { StreamJoins, type AnyJoinOptions, type JoinPartner } from './stream-joins.ts'
import { streamToTable } from './stream-to-table.ts'
import type { KGroupedStream } from './k-grouped-stream.ts'
import type {
  Branched,
  BranchedKStream,
  DedupOptions,
  KStream,
  StreamJoinedOptions,
} from './k-stream.ts'
import type { KTable } from './k-table.ts'

type AnyJoiner<K, V, OtherV, VOut> = callbacks.Joiner<K, V | null, OtherV | null, VOut>

/** A stream as the builder makes it. Source: Java's `KStreamImpl`. */
export class DeclaredStream<K, V> implements KStream<K, V> {
  readonly state: DeclaredStreamState<K, V>
  readonly joins: StreamJoins<K, V>

  constructor(state: DeclaredStreamState<K, V>) {
    this.state = state
    this.joins = new StreamJoins(state)
  }

  filter<Out extends V>(
    predicate: callbacks.Predicate<K, V>,
    options: options.NamedOptions = {},
  ): KStream<K, Out> {
    const name = this.state.plan.processorName('KSTREAM-FILTER-', options.name)
    const node = this.add(name, () => new FilterProcessor(predicate, true), 'kept')
    return this.next<K, V>({ name, node }) as unknown as KStream<K, Out>
  }

  filterNot(
    predicate: callbacks.Predicate<K, V>,
    options: options.NamedOptions = {},
  ): KStream<K, V> {
    const name = this.state.plan.processorName('KSTREAM-FILTER-', options.name)
    const node = this.add(name, () => new FilterProcessor(predicate, false), 'kept')
    return this.next<K, V>({ name, node })
  }

  map<KOut, VOut>(
    mapper: callbacks.Mapper<K, V, callbacks.KeyValue<KOut, VOut>>,
    options: options.SerdeOptions<KOut, VOut> = {},
  ): KStream<KOut, VOut> {
    const name = this.state.plan.processorName('KSTREAM-MAP-', options.name)
    const node = this.add(name, () => new MapProcessor(mapper), 'rekeyed')
    const { key, value } = options
    return this.next<KOut, VOut>({ name, node, key, value, repartitionRequired: true })
  }

  mapValues<VOut>(
    mapper: callbacks.Mapper<K, V, VOut>,
    options: options.SerdeOptions<K, VOut> = {},
  ): KStream<K, VOut> {
    const name = this.state.plan.processorName('KSTREAM-MAPVALUES-', options.name)
    const node = this.add(name, () => new MapValuesProcessor(mapper), 'revalued')
    const key = options.key ?? this.state.key
    return this.next<K, VOut>({ name, node, key, value: options.value })
  }

  mapValuesAsync<VOut>(
    mapper: AsyncMapper<K, V, VOut>,
    options: MapValuesAsyncOptions<K, VOut>,
  ): KStream<K, VOut> {
    return mapStreamValuesAsync(this.state, mapper, options)
  }

  flatMap<KOut, VOut>(
    mapper: callbacks.Mapper<K, V, Iterable<callbacks.KeyValue<KOut, VOut>>>,
    options: options.SerdeOptions<KOut, VOut> = {},
  ): KStream<KOut, VOut> {
    const name = this.state.plan.processorName('KSTREAM-FLATMAP-', options.name)
    const node = this.add(name, () => new FlatMapProcessor(mapper), 'rekeyed')
    const { key, value } = options
    return this.next<KOut, VOut>({ name, node, key, value, repartitionRequired: true })
  }

  flatMapValues<VOut>(
    mapper: callbacks.Mapper<K, V, Iterable<VOut>>,
    options: options.SerdeOptions<K, VOut> = {},
  ): KStream<K, VOut> {
    const name = this.state.plan.processorName('KSTREAM-FLATMAPVALUES-', options.name)
    const node = this.add(name, () => new FlatMapValuesProcessor(mapper), 'revalued')
    const key = options.key ?? this.state.key
    return this.next<K, VOut>({ name, node, key, value: options.value })
  }

  selectKey<KOut>(
    selector: callbacks.Mapper<K, V, KOut>,
    options: options.SerdeOptions<KOut, V> = {},
  ): KStream<KOut, V> {
    return this.keyed(selector, options)
  }

  peek(action: callbacks.Action<K, V>, options: options.NamedOptions = {}): KStream<K, V> {
    const name = this.state.plan.processorName('KSTREAM-PEEK-', options.name)
    const node = this.add(name, () => new PeekProcessor(action), 'kept')
    return this.next<K, V>({ name, node })
  }

  foreach(action: callbacks.Action<K, V>, options: options.NamedOptions = {}): void {
    const name = this.state.plan.processorName('KSTREAM-FOREACH-', options.name)
    this.add(name, () => new ForEachProcessor(action), 'kept')
  }

  print(options: options.PrintOptions = {}): void {
    const { label = this.state.name, write = (line) => void process.stdout.write(`${line}\n`) } =
      options
    const name = this.state.plan.processorName('KSTREAM-PRINTER-', options.name)
    this.add(name, () => new PrintProcessor<K, V>(label, write), 'kept')
  }

  branch<const P extends Readonly<globalThis.Record<string, callbacks.Predicate<K, V>>>>(
    predicates: P,
    options: options.NamedOptions = {},
  ): { readonly [N in keyof P]: KStream<K, Branched<P[N], V>> } {
    const branches = new DeclaredBranches(this.state, options)
    for (const [name, predicate] of Object.entries(predicates)) branches.branch(predicate, { name })
    const streams = Object.keys(predicates).map((name) => [name, branches.named(name)] as const)
    return Object.fromEntries(streams) as unknown as {
      readonly [N in keyof P]: KStream<K, Branched<P[N], V>>
    }
  }

  split(options: options.NamedOptions = {}): BranchedKStream<K, V> {
    return new DeclaredBranches(this.state, options)
  }

  merge(other: KStream<K, V>, options: options.SerdeOptions<K, V> = {}): KStream<K, V> {
    const { plan } = this.state
    const others = (other as DeclaredStream<K, V>).state
    const name = plan.processorName('KSTREAM-MERGE-', options.name)
    const node = plan.add([this.state.node, others.node], {
      name,
      records: 'kept',
      merges: true,
      write(topology, parents) {
        topology.addProcessor(name, () => passThrough, { parents, keepsKey: true })
      },
    })
    // Where the two streams' serdes differ, neither is known to fit both.
    const sameKey = this.state.key === others.key ? this.state.key : undefined
    const sameValue = this.state.value === others.value ? this.state.value : undefined
    return this.next<K, V>({
      name,
      node,
      key: options.key ?? sameKey,
      value: options.value ?? sameValue,
      sources: [...new Set([...this.state.sources, ...others.sources])],
      repartitionRequired: this.state.repartitionRequired || others.repartitionRequired,
    })
  }

  repartition(options: options.RepartitionOptions<K, V> = {}): KStream<K, V> {
    const { plan } = this.state
    // A name of the user spends no number here, as in Kafka Streams.
    const prefix = options.name ?? plan.processorName('KSTREAM-REPARTITION-')
    const operator = `repartition ${prefix}`
    const purpose = 'writes to a topic'
    const key = neededSerde(options.key ?? this.state.key, 'key', operator, purpose)
    const value = neededSerde(options.value ?? this.state.value, 'value', operator, purpose)
    const { partitions, partitioner } = options
    const topic = { prefix, key, value, partitions, partitioner }
    const step = repartitionStep(plan, { ...topic, movable: false })
    const node = plan.add([this.state.node], step)
    const name = node.name
    return this.next<K, V>({ name, node, key, value, sources: [name], repartitionRequired: false })
  }

  groupBy<KOut>(
    selector: callbacks.Mapper<K, V, KOut>,
    options: options.GroupedOptions<KOut, V>,
  ): KGroupedStream<KOut, V> {
    const keyed = this.keyed(selector, options)
    return this.state.handles.groupedStream({ ...keyed.state, groupName: options.name })
  }

  groupByKey(options: Partial<options.GroupedOptions<K, V>> = {}): KGroupedStream<K, V> {
    const { key = this.state.key, value = this.state.value, name: groupName } = options
    return this.state.handles.groupedStream({ ...this.state, key, value, groupName })
  }

  dedup<Id>(options: DedupOptions<K, V, Id>): KStream<K, V> {
    return dedupStream(this.state, options as DedupOptions<K, V, unknown>)
  }

  to<KTopic, VTopic>(
    topic: Topic<KTopic, VTopic> | DynamicTopic<KTopic, VTopic>,
    options: options.ProducedOptions<KTopic, VTopic> = {},
  ): void {
    const { plan } = this.state
    const name = plan.processorName('KSTREAM-SINK-', options.name)
    const partitioner = options.partitioner as StreamPartitioner<unknown, unknown> | undefined
    plan.add([this.state.node], {
      name,
      write(topology, parents) {
        const target = topic as Topic<unknown, unknown>
        topology.addSink(name, target, { parents, ...(partitioner && { partitioner }) })
      },
    })
  }

  toTable(
    options: options.MaterializedOptions & options.SerdeOptions<K, NonNullable<V>> = {},
  ): KTable<K, NonNullable<V>> {
    const value = this.state.value as Serde<NonNullable<V>> | undefined
    return streamToTable<K, NonNullable<V>>({ ...this.state, value }, options)
  }

  process<KOut, VOut>(
    supplier: ProcessorSupplier<K, V, KOut, VOut, never>,
    options: options.ProcessOptions<KOut, VOut, readonly StoreRef[]> = {},
  ): KStream<KOut, VOut> {
    return processStream(this.state, supplier, options)
  }

  processValues<VOut>(
    supplier: ProcessorSupplier<K, V, K, VOut, never>,
    options: options.ProcessOptions<K, VOut, readonly StoreRef[]> = {},
  ): KStream<K, VOut> {
    return processStreamValues(this.state, supplier, options)
  }

  join<OtherK, OtherV, VOut>(
    other: JoinPartner<K, OtherK, OtherV>,
    joiner: callbacks.Joiner<K, V, OtherV, VOut>,
    options: AnyJoinOptions<K, V, OtherK, OtherV> = {},
  ): KStream<K, VOut> {
    return this.joins.join('inner', other, joiner as AnyJoiner<K, V, OtherV, VOut>, options)
  }

  leftJoin<OtherK, OtherV, VOut>(
    other: JoinPartner<K, OtherK, OtherV>,
    joiner: callbacks.Joiner<K, V, OtherV | null, VOut>,
    options: AnyJoinOptions<K, V, OtherK, OtherV> = {},
  ): KStream<K, VOut> {
    return this.joins.join('left', other, joiner as AnyJoiner<K, V, OtherV, VOut>, options)
  }

  outerJoin<OtherV, VOut>(
    other: KStream<K, OtherV>,
    joiner: AnyJoiner<K, V, OtherV, VOut>,
    options: StreamJoinedOptions<K, V, OtherV>,
  ): KStream<K, VOut> {
    return this.joins.join('outer', other, joiner, options)
  }

  private keyed<KOut>(
    selector: callbacks.Mapper<K, V, KOut>,
    options: options.SerdeOptions<KOut, V>,
  ): DeclaredStream<KOut, V> {
    const name = this.state.plan.processorName('KSTREAM-KEY-SELECT-', options.name)
    const node = this.add(name, () => new SelectKeyProcessor(selector), 'rekeyed')
    const { key, value = this.state.value } = options
    return new DeclaredStream<KOut, V>({
      ...this.state,
      name,
      node,
      key,
      value,
      repartitionRequired: true,
    })
  }

  /** Adds an operator behind this one. */
  private add<KOut, VOut>(
    name: string,
    supplier: ProcessorSupplier<K, V, KOut, VOut>,
    records: 'kept' | 'rekeyed' | 'revalued',
  ): LogicalNode {
    const keepsKey = records !== 'rekeyed'
    return this.state.plan.add([this.state.node], {
      name,
      records,
      write(topology, parents) {
        topology.addProcessor(name, supplier as ProcessorNode['supplier'], { parents, keepsKey })
      },
    })
  }

  /** The stream behind an operator: as this one, except for what is said. */
  private next<KOut, VOut>(
    changes: Partial<DeclaredStreamState<KOut, VOut>> &
      Pick<DeclaredStreamState<KOut, VOut>, 'name' | 'node'>,
  ): DeclaredStream<KOut, VOut> {
    const state = this.state as unknown as DeclaredStreamState<KOut, VOut>
    return new DeclaredStream<KOut, VOut>({ ...state, ...changes })
  }
}
