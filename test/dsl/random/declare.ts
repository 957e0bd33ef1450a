import {
  topic,
  type KStream,
  type KTable,
  type StreamsBuilder,
  type Topic,
  type Windowed,
} from 'millrace'
import type { StoreOption } from '../../../src/dsl/store-options.ts'
import { declareAggregation } from './declare-aggregation.ts'
import { declareJoin } from './declare-join.ts'
import * as functions from './functions.ts'
import { keySerde, texts, valueSerde, type Making, type Value } from './making.ts'
import type { OpSpec, ValueType } from './spec.ts'
import { typesOf } from './types-of.ts'

function storeOf(name: string, history: number | undefined): StoreOption {
  return history === undefined ? name : { name, versioned: { historyRetentionMs: history } }
}

function source(name: string): Topic<unknown, unknown> {
  return topic(name, texts)
}

/** Declares the operators of a random topology; the oracle's RandomTopology.java declares the same. */
export function declareRandom(builder: StreamsBuilder, ops: readonly OpSpec[]): void {
  const types = typesOf(ops)
  const values: Value[] = []
  for (const op of ops) {
    const { f = 0 } = op
    const made = declare(builder, {
      op,
      f,
      of: values[op.of ?? -1]!,
      with: values[op.with ?? -1]!,
      groups: (op.groups ?? []).map((group) => values[group]!),
      named: op.name === undefined ? {} : { name: op.name },
      stored: {
        ...(op.name !== undefined && { name: op.name }),
        ...(op.store !== undefined && { store: storeOf(op.store, op.history) }),
      },
    })
    for (const one of made) values.push(valueOf(one, types[values.length]!))
  }
}

function valueOf(made: unknown, type: ValueType): Value {
  const all = { stream: made, table: made, global: made, grouped: made, groupedTable: made }
  return { type, ...all } as Value
}

function declare(builder: StreamsBuilder, making: Making): readonly unknown[] {
  const { op, of, named, stored } = making
  switch (op.op) {
    case 'stream':
      return [builder.stream(op.topics!.map(source), named)]
    case 'table':
      return [builder.table(source(op.topic!), stored)]
    case 'globalTable':
      return [builder.globalTable(source(op.topic!), stored)]
    case 'to':
      of.stream.to(topic(op.topic!, { key: keySerde(of.type), value: valueSerde(of.type) }))
      return []
    default:
  }
  if (op.op === 'cogroup') return declareAggregation(making)
  if (of.type.kind === 'stream') return declareOfStream(making) ?? declareJoin(making)
  if (of.type.kind === 'table') return declareOfTable(making) ?? declareJoin(making)
  return declareAggregation(making)
}

function declareOfStream({ op, f, of, with: other, named, stored }: Making): unknown[] | undefined {
  const { stream } = of
  const key = keySerde(of.type)
  const value = valueSerde(of.type)
  switch (op.op) {
    case 'filter':
      return [stream.filter((v, k) => functions.predicate(f, k, v), named)]
    case 'filterNot':
      return [stream.filterNot((v, k) => functions.predicate(f, k, v), named)]
    case 'mapValues':
      return [stream.mapValues((v, k) => functions.mapped(f, k, v), { ...named, ...texts, key })]
    case 'flatMapValues':
      return [
        stream.flatMapValues((v, k) => functions.several(f, k, v), { ...named, ...texts, key }),
      ]
    case 'map':
      return [stream.map((v, k) => functions.pair(f, k, v), { ...named, ...texts })]
    case 'flatMap':
      return [stream.flatMap((v, k) => functions.pairs(f, k, v), { ...named, ...texts })]
    case 'selectKey':
      return [stream.selectKey((v, k) => functions.rekeyed(f, k, v), { ...named, ...texts, value })]
    case 'peek':
      return [stream.peek(() => {}, named)]
    case 'merge':
      return [stream.merge(other.stream, { ...named, key, value })]
    case 'branch':
      return branches(stream, op, f)
    case 'repartition':
      return [stream.repartition({ ...named, key, value })]
    case 'groupByKey':
      return [stream.groupByKey({ ...named, key, value })]
    case 'groupBy':
      return [
        stream.groupBy((v, k) => functions.rekeyed(f, k, v), { ...named, key: texts.key, value }),
      ]
    case 'toTable':
      return [stream.toTable({ ...stored, key, value: value as never })]
    default:
      return undefined
  }
}

function branches(stream: KStream<unknown, unknown>, op: OpSpec, f: number): unknown[] {
  let split = stream.split(op.name === undefined ? {} : { name: op.name })
  for (let i = 0; i < op.branches!; i++) {
    split = split.branch((v, k) => !functions.predicate(f + i, k, v))
  }
  const made = op.rest ? split.defaultBranch() : split.noDefaultBranch()
  // The default branch has the lowest number, and is declared last.
  const byName = [...made].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each)
  return op.rest ? [...byName.slice(1), byName[0]] : byName
}

function suppressed({ table, type }: Value, op: OpSpec, named: Making['named']): unknown {
  if (op.limit !== undefined) {
    const { limit: timeLimitMs, maxRecords } = op
    const bound =
      maxRecords === undefined ? {} : { buffer: { maxRecords, whenFull: 'emit' } as const }
    return table.suppress({ ...named, until: { timeLimitMs }, ...bound })
  }
  if (type.key === 'text') throw new Error('Only windows close.')
  return (table as KTable<Windowed<string>, unknown>).suppress({ ...named, until: 'window-closes' })
}

function declareOfTable({ op, f, of, named, stored }: Making): unknown[] | undefined {
  const { table } = of
  switch (op.op) {
    case 'filter':
      return [table.filter((v, k) => functions.predicate(f, k, v), stored)]
    case 'filterNot':
      return [table.filterNot((v, k) => functions.predicate(f, k, v), stored)]
    case 'mapValues': {
      const { value } = texts
      return [table.mapValues((v, k) => functions.mapped(f, k, v), { ...stored, value })]
    }
    case 'toStream':
      return [table.toStream(named)]
    case 'suppress':
      return [suppressed(of, op, named)]
    case 'tableGroupBy':
      return [table.groupBy((v, k) => functions.pair(f, k, v), { ...named, ...texts })]
    default:
      return undefined
  }
}
