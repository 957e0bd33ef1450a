// Runs random topologies in Kafka Streams and in Millrace, and says where they disagree (Java 17 is needed).
//
//   npx tsx scripts/oracle-fuzz.ts --seeds 1000 --from 1     these seeds; a disagreement is made small and printed
//   npx tsx scripts/oracle-fuzz.ts --only join,session       prefers operators whose names contain one of these
//   npx tsx scripts/oracle-fuzz.ts --committed 17            this committed case
//   npx tsx scripts/oracle-fuzz.ts --write 250               writes so many cases to test/golden/random
//   npx tsx scripts/oracle-fuzz.ts --stop 3                  stops after so many disagreements (1 unless given)
import { parseArgs } from 'node:util'
import { generateCase } from '../test/dsl/random/generate.ts'
import { JavaOracle } from '../test/dsl/random/java.ts'
import { difference, isUnbuildable, runCase } from '../test/dsl/random/run.ts'
import { shrink } from '../test/dsl/random/shrink.ts'
import type { CaseResult, CaseSpec } from '../test/dsl/random/spec.ts'
import {
  compact,
  readVectors,
  writeVectors,
  type RandomVector,
} from '../test/dsl/random/vectors.ts'

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    committed: { type: 'string' },
    write: { type: 'string' },
    stop: { type: 'string', default: '1' },
  },
})

const only = options.only.split(',').filter(Boolean)
const from = Number(options.from)
const until = from + Number(options.seeds)
const counts = { agreed: 0, refused: 0, unbuildable: 0, disagreed: 0, records: 0 }

await using oracle = new JavaOracle()
if (options.write !== undefined) await write(Number(options.write))
else if (options.committed !== undefined) await runAll([committed(Number(options.committed))])
else await runAll(generated())
const { agreed, refused, unbuildable, disagreed, records } = counts
console.log(
  `${agreed} agreed (${records} output records), ${refused} refused by both, ${unbuildable} that Kafka Streams cannot order, ${disagreed} disagreed`,
)
process.exitCode = disagreed > 0 ? 1 : 0

function* generated(): Generator<CaseSpec> {
  for (let seed = from; seed < until; seed++) yield generateCase(seed, only)
}

function committed(seed: number): CaseSpec {
  const found = readVectors().find(({ spec }) => spec.seed === seed)
  if (!found) throw new Error(`No committed case has the seed ${seed}.`)
  return found.spec
}

async function runAll(specs: Iterable<CaseSpec>): Promise<void> {
  // Kafka Streams works on some cases ahead while Millrace compares.
  const running: { readonly spec: CaseSpec; readonly java: Promise<CaseResult> }[] = []
  const finishFirst = async (): Promise<boolean> => {
    const { spec, java } = running.shift()!
    const result = await java
    if ((await compare(spec, result)) !== undefined) return await report(spec)
    count(result, spec)
    return false
  }
  for (const spec of specs) {
    running.push({ spec, java: oracle.run(spec) })
    if (running.length > 8 && (await finishFirst())) return
  }
  while (running.length > 0) if (await finishFirst()) return
}

/** Writes the first cases from the seed on that both can run and agree on. */
async function write(wanted: number): Promise<void> {
  const vectors: RandomVector[] = []
  for (let seed = from; vectors.length < wanted; seed++) {
    const spec = generateCase(seed, only)
    const java = await oracle.run(spec)
    const differs = await compare(spec, java)
    if (differs !== undefined) throw new Error(`seed ${seed}: ${differs}`)
    count(java, spec)
    // A case without output would prove little, and one with very much would only take room.
    if ('refused' in java) continue
    const records = Object.values(java.outputs).flat().length
    if (records === 0 || records > 300) continue
    vectors.push({ spec, java: compact(java) })
  }
  writeVectors(vectors)
}

function count(result: CaseResult, spec: CaseSpec): void {
  if ('refused' in result) {
    if (isUnbuildable(result)) counts.unbuildable++
    else {
      counts.refused++
      console.log(`seed ${spec.seed} is refused by both: ${result.refused}`)
    }
    return
  }
  counts.agreed++
  counts.records += Object.values(result.outputs).flat().length
}

async function compare(spec: CaseSpec, java: CaseResult): Promise<string | undefined> {
  const stores = 'refused' in java ? [] : Object.keys(java.stores)
  try {
    return difference(java, await runCase(spec, stores))
  } catch (error) {
    const { stack } = error as Error
    return `Millrace fails: ${stack?.split('\n').slice(0, 4).join('\n')}`
  }
}

/** Prints a small form of a case that disagrees; returns whether it was the last to look for. */
async function report(spec: CaseSpec): Promise<boolean> {
  counts.disagreed++
  const first = await compare(spec, await oracle.run(spec))
  const kind = kindOf(first!)
  const small = await shrink(spec, async (smaller) => {
    const differs = await compare(smaller, await oracle.run(smaller))
    return differs !== undefined && kindOf(differs) === kind
  })
  console.log(`seed ${spec.seed} disagrees. Made small:`)
  if (small.config) console.log(`  ${JSON.stringify(small.config)}`)
  for (const [i, op] of small.ops.entries()) console.log(`  ${i} ${JSON.stringify(op)}`)
  for (const input of small.inputs) console.log(`    ${JSON.stringify(input)}`)
  console.log(await compare(small, await oracle.run(small)))
  return counts.disagreed >= Number(options.stop)
}

/** What is made small must still fail in the same way, or one fault would be mistaken for another. */
function kindOf(differs: string): string {
  return differs.slice(0, 18)
}
