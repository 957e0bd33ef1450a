import { generateInputs } from './generate-inputs.ts'
import { operators, type Choice } from './operators.ts'
import { Seeded } from './seeded.ts'
import type { CaseSpec, OpSpec, ValueType } from './spec.ts'
import { typesOf } from './types-of.ts'

/** A random topology with random inputs; `only` keeps to operators whose names contain one of these. */
export function generateCase(seed: number, only: readonly string[] = []): CaseSpec {
  const random = new Seeded(seed)
  const ops = generateOps(random, only)
  const inputs = generateInputs(random, ops)
  if (!random.chance(0.35)) return { seed, ops, inputs }
  const optimization = random.choose(optimizationsFor(ops))
  return { seed, config: { 'topology.optimization': optimization }, ops, inputs }
}

/** Those that do the same in Kafka Streams and here. */
function optimizationsFor(ops: readonly OpSpec[]): readonly string[] {
  const has = (names: readonly string[]): boolean => ops.some(({ op }) => names.includes(op))
  // Merging repartition topics, Kafka Streams moves one in front of a join with a global table, though what the join
  // gives has other values than what goes in, and in front of a merge, though not all ways to it come through there.
  const merges = !has(['globalJoin', 'globalLeftJoin', 'merge'])
  // Kafka Streams keeps one store also for left and outer joins of a stream with itself, which then give less.
  const joins = !has(['streamLeftJoin', 'streamOuterJoin'])
  return [
    'reuse.ktable.source.topics',
    ...(merges ? ['merge.repartition.topics'] : []),
    ...(joins ? ['single.store.self.join'] : []),
    ...(merges && joins ? ['all', 'all'] : []),
  ]
}

function generateOps(random: Seeded, only: readonly string[]): OpSpec[] {
  const ops: OpSpec[] = sources(random)
  const steps = 2 + random.below(8)
  for (let i = 0; i < steps; i++) {
    const types = typesOf(ops)
    const choice: Choice = { random, types, index: ops.length }
    const possible = operators.flatMap(({ name, weight, make }) => {
      const favoured = only.some((part) => name.toLowerCase().includes(part.toLowerCase()))
      const op = make(choice)
      return op ? Array.from({ length: favoured ? weight * 8 : weight }, () => op) : []
    })
    if (possible.length > 0) ops.push(random.choose(possible))
  }
  return finished(random, ops)
}

function sources(random: Seeded): OpSpec[] {
  const ops: OpSpec[] = []
  const streams = 1 + random.below(2)
  for (let i = 0; i < streams; i++) {
    const topics = random.chance(0.15) ? [`s${i}`, `s${i}-more`] : [`s${i}`]
    ops.push({ op: 'stream', topics, ...sometimesNamed(random, ops.length) })
  }
  const tables = random.below(3)
  for (let i = 0; i < tables; i++) {
    const history = random.chance(0.3) ? { history: random.choose([10, 40, 1000]) } : {}
    const stored = random.chance(0.5) ? { store: `rows${i}`, ...history } : {}
    ops.push({ op: 'table', topic: `t${i}`, ...stored, ...sometimesNamed(random, ops.length) })
  }
  if (random.chance(0.25)) ops.push({ op: 'globalTable', topic: 'g' })
  return ops
}

function sometimesNamed(random: Seeded, index: number): { readonly name?: string } {
  return random.chance(0.15) ? { name: `named-${index}` } : {}
}

/** Adds what makes the leaves visible: an aggregation of what is grouped only, and topics to write to. */
function finished(random: Seeded, made: readonly OpSpec[]): OpSpec[] {
  const ops = [...made]
  const types: ValueType[] = typesOf(ops)
  const used = new Set(ops.flatMap((op) => [op.of, op.with, ...(op.groups ?? [])]))
  const add = (op: OpSpec): number => {
    ops.push(op)
    types.push(...typesOf(ops).slice(types.length))
    return types.length - 1
  }
  let outs = 0
  for (let i = 0, end = types.length; i < end; i++) {
    if (used.has(i) && !random.chance(0.2)) continue
    let leaf = i
    if (types[leaf]!.kind === 'grouped') leaf = add({ op: 'count', of: leaf })
    else if (types[leaf]!.kind === 'groupedTable') leaf = add({ op: 'tableCount', of: leaf })
    if (types[leaf]!.kind === 'table') leaf = add({ op: 'toStream', of: leaf })
    if (types[leaf]!.kind === 'stream') add({ op: 'to', of: leaf, topic: `out-${outs++}` })
  }
  return ops
}
