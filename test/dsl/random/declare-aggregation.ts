import { SessionWindows, SlidingWindows, TimeWindows, type WindowedOptions } from 'millrace'
import { texts, valueSerde, type Making } from './making.ts'
import * as functions from './functions.ts'
import type { OpSpec, WindowsSpec } from './spec.ts'

/** Declares an aggregation of a random topology. */
export function declareAggregation(making: Making): readonly unknown[] {
  const { op } = making
  if (op.op.startsWith('table')) return [ofTable(making)]
  if (op.op === 'cogroup') return [cogrouped(making)]
  return [op.windows ? windowed(making, op.windows) : ofStream(making)]
}

function ofStream({ op, f, of: { grouped, type }, stored }: Making): unknown {
  switch (op.op) {
    case 'count':
      return grouped.count(stored)
    case 'reduce':
      return grouped.reduce((a, b) => functions.reduced(f, a, b), {
        ...stored,
        value: valueSerde(type),
      })
    case 'aggregate':
      return grouped.aggregate(begun, (all, v, k) => functions.aggregated(f, k, v, all), {
        ...stored,
        value: texts.value,
      })
    default:
      throw new Error(`No aggregation ${op.op}.`)
  }
}

function windowed({ op, f, of, stored }: Making, windows: WindowsSpec): unknown {
  const { grouped, type } = of
  const options = { ...stored, ...retained(op), ...emitted(op) }
  const added = (all: unknown, v: unknown, k: unknown): unknown =>
    functions.aggregated(f, k, v, all)
  const reduced = (a: unknown, b: unknown): unknown => functions.reduced(f, a, b)
  const reduction = { ...options, value: valueSerde(type) }
  const { value } = texts
  if (windows.type === 'session') {
    const over = grouped.windowedBy(sessions(windows))
    if (op.op === 'count') return over.count(options)
    if (op.op === 'reduce') return over.reduce(reduced, reduction)
    return over.aggregate(begun, added, merger(f), { ...options, value })
  }
  const over = grouped.windowedBy(times(windows))
  if (op.op === 'count') return over.count(options)
  if (op.op === 'reduce') return over.reduce(reduced, reduction)
  return over.aggregate(begun, added, { ...options, value })
}

function cogrouped({ op, f, groups, stored }: Making): unknown {
  const added = (all: unknown, v: unknown, k: unknown): unknown =>
    functions.aggregated(f, k, v, all)
  const [first, ...others] = groups
  let all = first!.grouped.cogroup(added)
  for (const { grouped } of others) all = all.cogroup(grouped, added)
  const options = { ...stored, ...retained(op), value: texts.value }
  if (op.windows === undefined) return all.aggregate(begun, options)
  if (op.windows.type !== 'session') {
    return all.windowedBy(times(op.windows)).aggregate(begun, options)
  }
  return all.windowedBy(sessions(op.windows)).aggregate(begun, merger(f), options)
}

function begun(): unknown {
  return ''
}

function merger(f: number): (a: unknown, b: unknown, key: unknown) => unknown {
  return (a, b, key) => functions.sessionsMerged(f, key, a, b)
}

function retained({ retention }: OpSpec): { readonly retentionMs?: number } {
  return retention === undefined ? {} : { retentionMs: retention }
}

function emitted({ emit }: OpSpec): Pick<WindowedOptions, 'emit' | 'emitIntervalMs'> {
  return emit === undefined ? {} : { emit: 'window-close', emitIntervalMs: 0 }
}

type SessionsSpec = Extract<WindowsSpec, { readonly type: 'session' }>

function sessions({ gap, grace }: SessionsSpec): SessionWindows {
  return SessionWindows.of({ gapMs: gap, graceMs: grace })
}

function times({
  type,
  size,
  grace,
  advance,
}: Exclude<WindowsSpec, SessionsSpec>): TimeWindows | SlidingWindows {
  if (type === 'sliding') return SlidingWindows.of({ timeDifferenceMs: size, graceMs: grace })
  const advanceMs = advance === undefined ? {} : { advanceMs: advance }
  return TimeWindows.of({ sizeMs: size, graceMs: grace, ...advanceMs })
}

function ofTable({ op, f, of: { groupedTable }, stored }: Making): unknown {
  switch (op.op) {
    case 'tableCount':
      return groupedTable.count(stored)
    case 'tableReduce':
      return groupedTable.reduce(
        (a, b) => functions.reduced(f, a, b),
        (a, b) => functions.unreduced(f, a, b),
        stored,
      )
    case 'tableAggregate':
      return groupedTable.aggregate(
        begun,
        (all, v, k) => functions.aggregated(f, k, v, all),
        (all, v, k) => functions.disaggregated(f, k, v, all),
        { ...stored, value: texts.value },
      )
    default:
      throw new Error(`No aggregation ${op.op} of tables.`)
  }
}
