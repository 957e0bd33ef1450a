// Faults at random on worker processes and a real Kafka, and a comparison of what was written with what was read.
//
//   npx tsx scripts/chaos.ts [--faults 200] [--seed 1] [--workers 3] [--records-per-second 1000] [--runs 1]
//     [--standbys 1] [--static] [--logs folder] [--kafka 4.3.1]
//
// Needs Java 17 and Maven. Ends with 1 where anything is missing, surplus or wrong.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runChaos } from '../test/kafka/chaos/chaos-run.ts'

const { values: told } = parseArgs({
  options: {
    faults: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '3' },
    'records-per-second': { type: 'string', default: '1000' },
    runs: { type: 'string', default: '1' },
    standbys: { type: 'string', default: '0' },
    static: { type: 'boolean', default: false },
    logs: { type: 'string' },
    kafka: { type: 'string' },
  },
})

for (let run = 0; run < Number(told.runs); run++) {
  const seed = Number(told.seed) + run
  const started = performance.now()
  const logs = told.logs === undefined ? {} : { logs: join(told.logs, `seed-${seed}`) }
  if (logs.logs !== undefined) mkdirSync(logs.logs, { recursive: true })
  const report = await runChaos({
    seed,
    faults: Number(told.faults),
    workers: Number(told.workers),
    recordsPerSecond: Number(told['records-per-second']),
    standbys: Number(told.standbys),
    staticMembers: told.static,
    ...logs,
    ...(told.kafka !== undefined && { kafkaVersion: told.kafka }),
    log: (line) => console.log(`${((performance.now() - started) / 1000).toFixed(1)} s: ${line}`),
  })
  console.log(JSON.stringify({ seed, ...report }, undefined, 2))
  const faults = report.missing + report.surplus + report.wrong + report.wrongRows
  if (faults + report.openTransactions + report.surprises.length > 0) process.exitCode = 1
}
