import type { Seeded } from './seeded.ts'
import type { InputSpec, OpSpec } from './spec.ts'

const keys = ['a', 'b', 'c', 'd'] as const
const values = ['a', 'b', 'c', 'd', 'e', 'f', '1', '2'] as const

/** Records for the sources: out of order, some of them twice, tombstones, and records without a key. */
export function generateInputs(random: Seeded, ops: readonly OpSpec[]): InputSpec[] {
  const topics = ops.flatMap((op) => op.topics ?? (isSource(op) ? [op.topic!] : []))
  const inputs: InputSpec[] = []
  const count = 15 + random.below(35)
  const pace = random.choose([1, 3, 8])
  let nowMs = random.below(20)
  for (let i = 0; i < count; i++) {
    const last = inputs.at(-1)
    if (last && random.chance(0.06)) {
      inputs.push(last)
      continue
    }
    nowMs += random.below(pace + 1)
    if (random.chance(0.03)) nowMs += 60
    const late = random.chance(0.25) ? random.below(random.chance(0.2) ? 60 : 15) : 0
    const key = random.chance(0.04) ? null : random.choose(keys)
    const value = random.chance(0.1) ? null : random.choose(values)
    inputs.push([random.choose(topics), key, value, Math.max(0, nowMs - late)])
  }
  return inputs
}

function isSource({ op }: OpSpec): boolean {
  return op === 'table' || op === 'globalTable'
}
