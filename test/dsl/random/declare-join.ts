import { keySerde, valueSerde, type Making } from './making.ts'
import * as functions from './functions.ts'

/** Declares a join of a random topology. */
export function declareJoin({ op, f, of, with: other, named }: Making): readonly unknown[] {
  const { stream } = of
  const serdes = { key: keySerde(of.type), value: valueSerde(of.type) }
  const joiner = (a: unknown, b: unknown, key: unknown): unknown => functions.joined(f, key, a, b)
  const on = (v: unknown, k: unknown): unknown => functions.rekeyed(f, k, v)
  switch (op.op) {
    case 'streamTableJoin':
      return [stream.join(other.table, joiner, { ...named, ...serdes })]
    case 'streamTableLeftJoin':
      return [stream.leftJoin(other.table, joiner, { ...named, ...serdes })]
    case 'globalJoin':
      return [stream.join(other.global, joiner, { ...named, on })]
    case 'globalLeftJoin':
      return [stream.leftJoin(other.global, joiner, { ...named, on })]
    default:
      throw new Error(`No join ${op.op}.`)
  }
}
