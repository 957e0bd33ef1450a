import { Simulation } from '../src/testing/simulator/simulation.ts'
import { scenarios } from '../test/simulator/scenarios/scenarios.ts'
import { loggedRecords, readable } from '../src/testing/simulator/logged-records.ts'
const seed = Number(process.argv[2])
const sc = scenarios[seed % scenarios.length]!
const s = new Simulation({ seed, topology: sc.build(), ...sc } as never)
console.log(await s.run(60000))
for (const t of process.argv.slice(3)) for (const l of s.broker.topic(t).partitions) for (const r of loggedRecords(l, 'read_committed')) console.log(t, r.partition, r.offset, readable(r.key), readable(r.value))
await s.close()
