// Whole applications on the embedded broker under faults at random, by seeds; each gives the same run every time.
//
//   npx tsx scripts/simulate.ts [--seeds 2000] [--from 1]    so many seeds, from one on
//   npx tsx scripts/simulate.ts --seed 17 [--trace]          one seed, with all that happened
//   npx tsx scripts/simulate.ts --defects                   the planted defects, and the seeds that find them
//
// Ends with 1 where a seed came to something else than it had to.
import { parseArgs } from 'node:util'
import { describeDifference } from '../src/testing/simulator/simulation-result.ts'
import { defects } from '../test/simulator/defects/defects.ts'
import { findDefect } from '../test/simulator/defects/find-defect.ts'
import { runSeed } from '../test/simulator/run-seed.ts'
import { Tally } from '../test/simulator/tally.ts'

const { values: told } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    defects: { type: 'boolean', default: false },
  },
})

if (told.defects) await findDefects()
else await run()

async function run(): Promise<void> {
  const from = Number(told.seed ?? told.from)
  const seeds = told.seed === undefined ? Number(told.seeds) : 1
  const began = process.cpuUsage()
  const tally = new Tally()
  for (let seed = from; seed < from + seeds; seed++) {
    const { scenario, result } = await runSeed(seed)
    tally.add(result)
    if (told.trace) console.log(result.trace.join('\n'))
    if (!result.difference) continue
    console.log(`${scenario.name}: ${describeDifference(seed, result.difference)}`)
    process.exitCode = 1
  }
  const { user, system } = process.cpuUsage(began)
  console.log(tally.toString())
  console.log(`${((user + system) / 1000 / seeds).toFixed(1)} ms of CPU a seed`)
}

async function findDefects(): Promise<void> {
  console.log('| defect | seed | what it showed in |\n| --- | --- | --- |')
  for (const defect of defects) {
    const found = await findDefect(defect, Number(told.seeds))
    if (!found) process.exitCode = 1
    console.log(`| ${defect.name} | ${found?.seed ?? 'none'} | ${found?.what ?? ''} |`)
  }
}
