import { JoinWindows, type StreamJoinedOptions } from 'millrace'
import { keySerde, texts, valueSerde, type Making } from './making.ts'
import * as functions from './functions.ts'

/** Declares a join of a random topology. */
export function declareJoin(making: Making): readonly unknown[] {
  const { op, f, of, with: other, named, stored } = making
  const { stream } = of
  const serdes = { key: keySerde(of.type), value: valueSerde(of.type) }
  // Kafka Streams gives the joiner of two tables no key.
  const tableJoiner = (a: unknown, b: unknown): unknown => functions.joined(f * 2, null, a, b)
  const foreignKey = (v: unknown): unknown => functions.rekeyed(f, null, v)
  const held = { ...stored, value: texts.value }
  const graced = op.grace === undefined ? {} : { graceMs: op.grace }
  const joiner = (a: unknown, b: unknown, key: unknown): unknown => functions.joined(f, key, a, b)
  const on = (v: unknown, k: unknown): unknown => functions.rekeyed(f, k, v)
  switch (op.op) {
    case 'streamTableJoin':
      return [stream.join(other.table, joiner, { ...named, ...serdes, ...graced })]
    case 'streamTableLeftJoin':
      return [stream.leftJoin(other.table, joiner, { ...named, ...serdes, ...graced })]
    case 'streamJoin':
      return [stream.join(other.stream, joiner, streamOptions(making))]
    case 'streamLeftJoin':
      return [stream.leftJoin(other.stream, joiner, streamOptions(making))]
    case 'streamOuterJoin':
      return [stream.outerJoin(other.stream, joiner, streamOptions(making))]
    case 'tableJoin':
      return [of.table.join(other.table, tableJoiner, held)]
    case 'tableLeftJoin':
      return [of.table.leftJoin(other.table, tableJoiner, held)]
    case 'tableOuterJoin':
      return [of.table.outerJoin(other.table, tableJoiner, held)]
    case 'foreignJoin':
      return [of.table.join(other.table, tableJoiner, { ...held, on: foreignKey })]
    case 'foreignLeftJoin':
      return [of.table.leftJoin(other.table, tableJoiner, { ...held, on: foreignKey })]
    case 'globalJoin':
      return [stream.join(other.global, joiner, { ...named, on })]
    case 'globalLeftJoin':
      return [stream.leftJoin(other.global, joiner, { ...named, on })]
    default:
      throw new Error(`No join ${op.op}.`)
  }
}

function streamOptions({
  op,
  of,
  with: other,
  stored,
}: Making): StreamJoinedOptions<unknown, unknown, unknown> {
  return {
    ...stored,
    key: keySerde(of.type),
    value: valueSerde(of.type),
    otherValue: valueSerde(other.type),
    windows: JoinWindows.of({ beforeMs: op.before!, afterMs: op.after!, graceMs: op.grace! }),
    emitIntervalMs: 0,
  }
}
