import { SlidingWindows, TimeWindows } from 'millrace'
import type { Making, Value } from './making.ts'
import { texts, valueSerde } from './making.ts'
import * as functions from './functions.ts'
import type { WindowsSpec } from './spec.ts'

/** Declares an aggregation of a random topology. */
export function declareAggregation(making: Making): readonly unknown[] {
  const { op } = making
  if (op.op.startsWith('table')) return [ofTable(making)]
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
      return grouped.aggregate(
        (): unknown => '',
        (all, v, k) => functions.aggregated(f, k, v, all),
        { ...stored, value: texts.value },
      )
    default:
      throw new Error(`No aggregation ${op.op}.`)
  }
}

function windowed({ op, f, of, stored }: Making, windows: WindowsSpec): unknown {
  const over = windowedStream(of, windows)
  const options = {
    ...stored,
    ...(op.retention !== undefined && { retentionMs: op.retention }),
    ...(op.emit === 'close' && ({ emit: 'window-close', emitIntervalMs: 0 } as const)),
  }
  switch (op.op) {
    case 'count':
      return over.count(options)
    case 'reduce':
      return over.reduce((a, b) => functions.reduced(f, a, b), {
        ...options,
        value: valueSerde(of.type),
      })
    case 'aggregate':
      return over.aggregate(
        (): unknown => '',
        (all, v, k) => functions.aggregated(f, k, v, all),
        { ...options, value: texts.value },
      )
    default:
      throw new Error(`No aggregation ${op.op} of windows.`)
  }
}

function windowedStream(
  { grouped }: Value,
  windows: WindowsSpec,
): ReturnType<typeof grouped.windowedBy> {
  switch (windows.type) {
    case 'tumbling':
    case 'hopping':
      return grouped.windowedBy(
        TimeWindows.of({
          sizeMs: windows.size,
          graceMs: windows.grace,
          ...(windows.advance !== undefined && { advanceMs: windows.advance }),
        }),
      )
    case 'sliding':
      return grouped.windowedBy(
        SlidingWindows.of({ timeDifferenceMs: windows.size, graceMs: windows.grace }),
      )
    default:
      throw new Error(`No windows ${windows.type}.`)
  }
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
        (): unknown => '',
        (all, v, k) => functions.aggregated(f, k, v, all),
        (all, v, k) => functions.disaggregated(f, k, v, all),
        { ...stored, value: texts.value },
      )
    default:
      throw new Error(`No aggregation ${op.op} of tables.`)
  }
}
