import type { OpSpec, ValueType } from './spec.ts'

/** The types of the values that the operators give, one after the other. */
export function typesOf(ops: readonly OpSpec[]): ValueType[] {
  const types: ValueType[] = []
  for (const op of ops) {
    const joins = joinsBefore(op, types)
    for (const { history: _before, ...type } of typesAfter(op, types)) {
      const history = op.history === undefined ? {} : ({ history: true } as const)
      types.push({ ...type, ...history, ...(joins > 0 && { joins }) })
    }
  }
  return types
}

function joinsBefore(op: OpSpec, types: readonly ValueType[]): number {
  const inputs = [op.of, op.with, ...(op.groups ?? [])].filter((input) => input !== undefined)
  const before = inputs.map((input) => types[input]!.joins ?? 0).reduce((a, b) => a + b, 0)
  return op.op.startsWith('stream') && op.before !== undefined ? before + 1 : before
}

const text = { key: 'text', value: 'text', sizeMs: 0 } as const

function typesAfter(op: OpSpec, types: readonly ValueType[]): ValueType[] {
  const of = types[op.of ?? op.groups?.[0] ?? -1]!
  switch (op.op) {
    case 'stream':
    case 'map':
    case 'flatMap':
      return [{ kind: 'stream', ...text }]
    case 'table':
      return [{ kind: 'table', ...text }]
    case 'globalTable':
      return [{ kind: 'global', ...text }]
    case 'to':
      return []
    case 'branch':
      return Array.from({ length: op.branches! + (op.rest ? 1 : 0) }, () => of)
    case 'selectKey':
      return [{ ...of, key: 'text' }]
    case 'groupByKey':
      return [{ ...of, kind: 'grouped' }]
    case 'groupBy':
      return [{ ...of, kind: 'grouped', key: 'text' }]
    case 'tableGroupBy':
      return [{ kind: 'groupedTable', ...text }]
    case 'toTable':
      return [{ ...of, kind: 'table' }]
    case 'toStream':
      return [streamOf(of)]
    case 'filter':
    case 'filterNot':
    case 'peek':
    case 'merge':
    case 'repartition':
      return [of]
    case 'suppress':
      return [{ ...of, otherOldValues: true }]
    case 'count':
    case 'reduce':
    case 'aggregate':
    case 'cogroup':
      return [aggregated(op, of)]
    case 'tableCount':
      return [{ ...of, kind: 'table', value: 'number' }]
    case 'tableReduce':
    case 'tableAggregate':
      return [{ ...of, kind: 'table' }]
    default:
      // What is left gives texts for values: mapValues, flatMapValues and the joins.
      return [{ ...of, value: 'text' }]
  }
}

function streamOf({ key, value, sizeMs }: ValueType): ValueType {
  return { kind: 'stream', key, value, sizeMs }
}

function aggregated(op: OpSpec, of: ValueType): ValueType {
  const type = aggregateType(op, of)
  return op.op === 'count' ? { ...type, otherOldValues: true } : type
}

function aggregateType({ op, windows }: OpSpec, of: ValueType): ValueType {
  const value = op === 'count' ? 'number' : op === 'reduce' ? of.value : 'text'
  if (!windows) return { kind: 'table', key: 'text', value, sizeMs: 0 }
  if (windows.type === 'session') {
    return { kind: 'table', key: 'session', value, sizeMs: 0, endIncluded: true }
  }
  const sliding = windows.type === 'sliding' ? ({ endIncluded: true } as const) : {}
  return { kind: 'table', key: 'window', value, sizeMs: windows.size, ...sliding }
}
