import type { Record } from '../../src/core/record.ts'
import type { MaybePromise } from '../../src/core/maybe-promise.ts'
import { string } from '../../src/serdes/index.ts'
import type { StoreRef } from '../../src/state/store.ts'
import type { Processor, ProcessorContext } from '../../src/topology/processor.ts'
import { topic, type Topic } from '../../src/topology/topic.ts'
import type { TimestampExtractor } from '../../src/topology/topology-plan.ts'
import { Topology } from '../../src/topology/topology.ts'

export type TextRecord = Record<string, string | null>
export type TextContext = ProcessorContext<string, string | null>
export type TextProcessor = Processor<string, string | null, string, string | null>

export const textTopic = (name: string): Topic<string, string> =>
  topic(name, { key: string(), value: string() })

/** A node of a topology under test. */
export interface TextStep {
  readonly name: string
  readonly parents: readonly string[]
  readonly process?: (record: TextRecord, context: TextContext) => MaybePromise<void>
  readonly processor?: () => TextProcessor
  readonly stores?: readonly StoreRef[]
  readonly keepsKey?: boolean
}

export interface TextTopologyOptions {
  /** Names of the topics, each read by a source of the same name. */
  readonly sources: readonly string[]
  readonly extractor?: TimestampExtractor
  readonly steps: readonly TextStep[]
  /** Sinks by the topic that they write to, named `to-<topic>`. */
  readonly sinks?: Readonly<globalThis.Record<string, readonly string[]>>
}

/** A topology of texts. */
export function textTopology(options: TextTopologyOptions): Topology {
  const topology = new Topology()
  for (const name of options.sources) {
    const { extractor } = options
    topology.addSource(
      name,
      textTopic(name),
      extractor ? { timestampExtractor: extractor as TimestampExtractor<string, string> } : {},
    )
  }
  for (const { name, parents, process, processor, stores, keepsKey } of options.steps) {
    topology.addProcessor<string, string | null, string, string | null, readonly StoreRef[]>(
      name,
      processor ?? (() => ({ process: process ?? forwardAll })),
      { parents, stores: stores ?? [], keepsKey: keepsKey ?? false },
    )
  }
  for (const [name, parents] of Object.entries(options.sinks ?? {})) {
    topology.addSink(`to-${name}`, textTopic(name), { parents })
  }
  return topology
}

/** Passes records on as they are. */
export const forwardAll = (record: TextRecord, context: TextContext): MaybePromise<void> =>
  context.forward(record)

/** One step behind all sources that does this with each record. */
export function oneStep(
  sources: readonly string[],
  process: (record: TextRecord, context: TextContext) => MaybePromise<void>,
): Topology {
  return textTopology({
    sources,
    steps: [{ name: 'step', parents: sources, process }],
    sinks: { out: ['step'] },
  })
}
