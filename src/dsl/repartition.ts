import { TopologyError } from '../core/errors.ts'
import type { Record } from '../core/record.ts'
import type { Serde } from '../serdes/serde.ts'
import { repartitionTopic } from '../topology/internal-topics.ts'
import type { Processor } from '../topology/processor.ts'
import type { StreamPartitioner } from '../topology/topology-plan.ts'
import type { Topic } from '../topology/topic.ts'
import type { Topology } from '../topology/topology.ts'
import type { LogicalNodeOptions } from './logical-node.ts'
import type { LogicalPlan } from './logical-plan.ts'

export interface Repartition<K, V> {
  /** What the topic is named after: the user's name, a store's, or an operator's. */
  readonly prefix: string
  readonly key: Serde<K>
  readonly value: Serde<V>
  readonly partitions?: number | undefined
  readonly partitioner?: StreamPartitioner<K, V> | undefined
  /** Whether the optimizer may put it elsewhere; not where the user asked for it. @defaultValue true */
  readonly movable?: boolean
}

/**
 * A step that sends records through a topic of the application's own, so that those of one key come to one task.
 * Becomes a filter, a sink, and a source of which it bears the name.
 *
 * @remarks Source: Java's `KStreamImpl.createRepartitionedSource`.
 */
export function repartitionStep<K, V>(
  plan: LogicalPlan,
  repartition: Repartition<K, V>,
): LogicalNodeOptions {
  const { prefix, key, value, partitions } = repartition
  if (partitions !== undefined && (!Number.isSafeInteger(partitions) || partitions < 1)) {
    throw new TopologyError(
      `The repartition topic of ${prefix} is to have ${partitions} partitions; it needs at least 1.`,
    )
  }
  const topic = prefix.endsWith('-repartition') ? prefix : `${prefix}-repartition`
  // The numbers are spent even where the names are not used.
  const generated = {
    sink: plan.processorName('KSTREAM-SINK-'),
    filter: plan.processorName('KSTREAM-FILTER-'),
    source: plan.processorName('KSTREAM-SOURCE-'),
  }
  const names = /^KSTREAM.*-[0-9]{10}$/.test(prefix) ? generated : namesAfter(topic)
  const step = stepThrough({ ...repartition, name: topic }, names)
  if (repartition.movable === false) return step
  const moved = (): LogicalNodeOptions =>
    stepThrough({ name: topic, key, value }, namesAfter(topic))
  return { ...step, repartition: { keySerde: key.name, valueSerde: value.name, moved } }
}

interface StepNames {
  readonly sink: string
  readonly filter: string
  readonly source: string
}

function namesAfter(topic: string): StepNames {
  return { sink: `${topic}-sink`, filter: `${topic}-filter`, source: `${topic}-source` }
}

function stepThrough<K, V>(
  through: Topic<K, V> & Pick<Repartition<K, V>, 'partitions' | 'partitioner'>,
  names: StepNames,
): LogicalNodeOptions {
  const { name, key, value, partitions, partitioner } = through
  const keyFilter = { dropsNullKeys: true }
  return {
    name: names.source,
    keyFilter,
    write(topology: Topology, parents: readonly string[]) {
      const handle = { name, key, value }
      topology.addInternalTopic(repartitionTopic(name, partitions))
      topology.addProcessor(names.filter, () => nullKeyFilter(keyFilter.dropsNullKeys), {
        parents,
        keepsKey: true,
      })
      topology.addSink(names.sink, handle, {
        parents: [names.filter],
        ...(partitioner && { partitioner }),
      })
      topology.addSource(names.source, handle, repartitionSource)
    },
  }
}

/**
 * How repartition topics are read: from their start, since all in them is yet to be processed, and with the times that
 * records were written with, whatever the application's timestamp extractor says of its inputs.
 */
export const repartitionSource: Readonly<{
  offsetReset: 'earliest'
  timestampExtractor: (record: Record<unknown, unknown>) => number
}> = {
  offsetReset: 'earliest',
  timestampExtractor: (record) => record.timestampMs,
}

function nullKeyFilter(dropsNullKeys: boolean): Processor<unknown, unknown, unknown, unknown> {
  return {
    process(record, context) {
      if (!dropsNullKeys || record.key !== null) return context.forward(record)
    },
  }
}
