import type { OpSpec, ValueType } from './spec.ts'

/** The types of the values that the operators give, one after the other. */
export function typesOf(ops: readonly OpSpec[]): ValueType[] {
  const types: ValueType[] = []
  for (const op of ops) {
    const joins = joinsBefore(op, types)
    const sources = sourcesOf(op, types)
    const several = changesSeveral(op, types) ? ({ several: true } as const) : {}
    for (const { history: _before, ...type } of typesAfter(op, types)) {
      const history = op.history === undefined ? {} : ({ history: true } as const)
      types.push({ ...type, ...history, sources, ...several, ...(joins > 0 && { joins }) })
    }
  }
  return types
}

function inputsOf({ of, with: other, groups = [] }: OpSpec): number[] {
  return [of, other, ...groups].filter((input) => input !== undefined)
}

function sourcesOf(op: OpSpec, types: readonly ValueType[]): readonly string[] {
  const read = op.op === 'to' ? [] : (op.topics ?? (op.topic === undefined ? [] : [op.topic]))
  const before = inputsOf(op).flatMap((input) => types[input]!.sources ?? [])
  return [...new Set([...read, ...before])]
}

const multiplying = ['flatMap', 'flatMapValues', 'merge', 'tableGroupBy', 'suppress', 'cogroup']

function changesSeveral(op: OpSpec, types: readonly ValueType[]): boolean {
  const { op: name, of, with: other } = op
  if (multiplying.includes(name) || op.before !== undefined || op.grace !== undefined) return true
  if (inputsOf(op).some((input) => types[input]!.several)) return true
  if (of === undefined || other === undefined || !name.startsWith('table')) return false
  return shareSources(types[of]!, types[other]!)
}

/** Whether a record may change both. */
export function shareSources(a: ValueType, b: ValueType): boolean {
  return (a.sources ?? []).some((topic) => b.sources?.includes(topic))
}

function joinsBefore(op: OpSpec, types: readonly ValueType[]): number {
  const before = inputsOf(op)
    .map((input) => types[input]!.joins ?? 0)
    .reduce((a, b) => a + b, 0)
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
