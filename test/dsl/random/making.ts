import type { KStream } from 'millrace'
import { long, sessionWindowed, string, windowed, type Serde } from 'millrace/serdes'
import type { KGroupedStream } from '../../../src/dsl/k-grouped-stream.ts'
import type { GlobalKTable, KGroupedTable, KTable } from '../../../src/dsl/k-table.ts'
import type { StoreOption } from '../../../src/dsl/store-options.ts'
import type { OpSpec, ValueType } from './spec.ts'

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
  readonly stored: { readonly name?: string; readonly store?: StoreOption }
}

export function keySerde({ key, sizeMs }: ValueType): Serde<unknown> {
  if (key === 'session') return sessionWindowed(string()) as Serde<unknown>
  return (key === 'text' ? string() : windowed(string(), sizeMs)) as Serde<unknown>
}

export function valueSerde({ value }: ValueType): Serde<unknown> {
  return (value === 'text' ? string() : long({ as: 'number' })) as Serde<unknown>
}

export const texts: { readonly key: Serde<unknown>; readonly value: Serde<unknown> } = {
  key: string() as Serde<unknown>,
  value: string() as Serde<unknown>,
}
