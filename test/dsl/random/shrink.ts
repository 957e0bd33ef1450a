import type { CaseSpec, OpSpec, ValueType } from './spec.ts'
import { typesOf } from './types-of.ts'

/** Makes a case as small as it gets while it still fails. */
export async function shrink(
  spec: CaseSpec,
  fails: (smaller: CaseSpec) => Promise<boolean>,
): Promise<CaseSpec> {
  let smallest = spec
  for (let before = ''; before !== JSON.stringify(smallest);) {
    before = JSON.stringify(smallest)
    smallest = await withoutConfig(smallest, fails)
    smallest = await withFewerOps(smallest, fails)
    smallest = await withFewerInputs(smallest, fails)
  }
  return smallest
}

async function withoutConfig(
  spec: CaseSpec,
  fails: (smaller: CaseSpec) => Promise<boolean>,
): Promise<CaseSpec> {
  const { config: _dropped, ...rest } = spec
  return _dropped && (await fails(rest)) ? rest : spec
}

async function withFewerInputs(
  spec: CaseSpec,
  fails: (smaller: CaseSpec) => Promise<boolean>,
): Promise<CaseSpec> {
  let { inputs } = spec
  for (let size = Math.ceil(inputs.length / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let from = inputs.length - size; from >= 0; from -= size) {
      const fewer = [...inputs.slice(0, from), ...inputs.slice(from + size)]
      if (await fails({ ...spec, inputs: fewer })) inputs = fewer
    }
  }
  return { ...spec, inputs }
}

async function withFewerOps(
  spec: CaseSpec,
  fails: (smaller: CaseSpec) => Promise<boolean>,
): Promise<CaseSpec> {
  let smallest = spec
  for (let i = spec.ops.length - 1; i >= 0; i--) {
    for (const ops of smallerOps(smallest.ops, i)) {
      const topics = new Set<string>(
        ops.flatMap((op) => op.topics ?? (op.topic === undefined ? [] : [op.topic])),
      )
      const inputs = smallest.inputs.filter(([topic]) => topics.has(topic))
      const smaller = { ...smallest, ops, inputs }
      if (!(await fails(smaller))) continue
      smallest = smaller
      break
    }
  }
  return smallest
}

/** The operators without one of them: with all that comes of it, or with its input in its place; or unnamed. */
function smallerOps(ops: readonly OpSpec[], at: number): OpSpec[][] {
  const op = ops[at]
  if (!op) return []
  const smaller = [without(ops, at, undefined)]
  if (op.of !== undefined && op.op !== 'to') smaller.push(without(ops, at, op.of))
  if (op.with !== undefined) smaller.push(without(ops, at, op.with))
  for (const field of ['name', 'store', 'emit', 'retention', 'history', 'maxRecords'] as const) {
    if (op[field] === undefined) continue
    const { [field]: _dropped, ...rest } = op
    smaller.push([...ops.slice(0, at), rest, ...ops.slice(at + 1)])
  }
  return smaller.filter((each) => each.length > 0)
}

function without(ops: readonly OpSpec[], at: number, instead: number | undefined): OpSpec[] {
  const left: OpSpec[] = []
  /** The numbers that values have now, by the ones they had; undefined for those that are gone. */
  const numbers = new Map<number, number | undefined>()
  let was = 0
  let is = 0
  for (const [i, op] of ops.entries()) {
    const gives = typesOf(ops.slice(0, i + 1)).length - was
    const refs = [op.of, op.with, ...(op.groups ?? [])].filter((ref) => ref !== undefined)
    const gone = refs.some((ref) => numbers.get(ref) === undefined)
    if (i === at || gone) {
      const stands = i === at && instead !== undefined && fits(ops, was, instead)
      for (let n = 0; n < gives; n++) {
        numbers.set(was + n, stands ? numbers.get(instead) : undefined)
      }
    } else {
      left.push(renumbered(op, numbers))
      for (let n = 0; n < gives; n++) numbers.set(was + n, is + n)
      is += gives
    }
    was += gives
  }
  return left
}

function fits(ops: readonly OpSpec[], value: number, instead: number): boolean {
  const types: readonly ValueType[] = typesOf(ops)
  const written = ({ kind, key, value: of, sizeMs }: ValueType): string =>
    JSON.stringify([kind, key, of, sizeMs])
  // What was not declared of the one may not be declared of the other either.
  const sources = types[value]!.sources ?? []
  const kept = (types[instead]!.sources ?? []).every((topic) => sources.includes(topic))
  const as = types[instead]!.several === types[value]!.several
  return kept && as && written(types[value]!) === written(types[instead]!)
}

function renumbered(op: OpSpec, numbers: ReadonlyMap<number, number | undefined>): OpSpec {
  return {
    ...op,
    ...(op.of !== undefined && { of: numbers.get(op.of)! }),
    ...(op.with !== undefined && { with: numbers.get(op.with)! }),
    ...(op.groups && { groups: op.groups.map((group) => numbers.get(group)!) }),
  }
}
