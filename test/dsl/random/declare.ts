import { topic, type KStream, type StreamsBuilder, type Topic } from 'millrace'
import { long, string, windowed, type Serde } from 'millrace/serdes'
import type { KGroupedStream, KGroupedTable, KTable, GlobalKTable } from '../../../src/dsl/streams.ts'
import { declareAggregation } from './declare-aggregation.ts'
import { declareJoin } from './declare-join.ts'
import * as functions from './functions.ts'
import type { OpSpec, ValueType } from './spec.ts'
import { typesOf } from './types-of.ts'

/** What an operator of a random topology gives; which of the fields may be used says its type. */
export interface Value {
  readonly type: ValueType
  readonly stream: KStream<unknown, unknown>
  readonly table: KTable<unknown, unknown>
  readonly global: GlobalKTable<unknown, unknown>
  readonly grouped: KGroupedStream<unknown, unknown>
  readonly groupedTable: KGroupedTable<unknown, unknown>
}

/** An operator in the making: its inputs, and the options that its names come to. */
export interface Making {
  readonly op: OpSpec
  readonly f: number
  readonly of: Value
  readonly with: Value
  readonly groups: readonly Value[]
  readonly named: { readonly name?: string }
  readonly stored: { readonly name?: string; readonly store?: string }
}

export function keySerde({ key, sizeMs }: ValueType): Serde<unknown> {
  return (key === 'text' ? string() : windowed(string(), sizeMs)) as Serde<unknown>
}

export function valueSerde({ value }: ValueType): Serde<unknown> {
  return (value === 'text' ? string() : long({ as: 'number' })) as Serde<unknown>
}

export const texts: { readonly key: Serde<unknown>; readonly value: Serde<unknown> } = {
  key: string() as Serde<unknown>,
  value: string() as Serde<unknown>,
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
        ...(op.store !== undefined && { store: op.store }),
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
      return [stream.toTable({ ...stored, key, value: value as Serde<NonNullable<unknown>> })]
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

function declareOfTable({ op, f, of, named, stored }: Making): unknown[] | undefined {
  const table = of.table as KTable<unknown, unknown>
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
    case 'tableGroupBy':
      return [table.groupBy((v, k) => functions.pair(f, k, v), { ...named, ...texts })]
    default:
      return undefined
  }
}
