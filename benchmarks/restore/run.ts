// Restore of a store from its changelog, on Millrace and on Kafka Streams, in turns against one Kafka:
// npx tsx benchmarks/restore/run.ts [--keys 1000000] [--runs 3] [--peers ../shared/peers]
//
// Each first runs job A, exactly once, over one record a key, which fills a changelog with as many records. Then its
// state folder is gone, another record comes, and the time is taken from the start until that record is processed.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Bench, median, type Run } from '../kafka-streams/bench.ts'
import { inputKey, inputValue, openClient } from '../kafka-streams/client.ts'

const { values: options } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '3' },
    peers: { type: 'string', default: '../shared/peers' },
  },
})
const keys = Number(options.keys)
const input = 'bench-keys'
const startedAtMs = Date.now()

await using bench = await Bench.open(options.peers)
await using client = openClient(bench.bootstrap)
await client.createTopics([{ name: input, partitions: 1, config: { 'retention.ms': '-1' } }])
await using producer = await client.openProducer({})
await producer.prepare([input])
for (let number = 0; number < keys; number++) await send(number)
await producer.flush()

// A Kafka Streams that closes stays in its group until its session ends, and the next one would wait for that.
const sessionMs = 6000
const EXTRA = `consumer.session.timeout.ms=${sessionMs},consumer.heartbeat.interval.ms=1500`
const env = { JOB: 'A', MODE: 'eos', INPUT: input, EXTRA }
const contenders = [
  { name: 'kafka streams', output: 'bench-restore-0', make: bench.kafkaStreams.bind(bench) },
  { name: 'millrace', output: 'bench-restore-1', make: bench.millrace.bind(bench) },
].map((each) => ({ ...each, runs: [] as Run[], appId: `restore-${each.output}` }))
for (const { name, output, make, appId } of contenders) {
  bench.tool({}, 'lib/topics.sh', 'recreate', `${output}=1`)
  const filled = await bench.run(make({ ...env, APP_ID: appId, OUTPUT: output, N: String(keys) }))
  console.log(`${name}: changelog filled at ${filled.facts['rate']} records/s`)
}
for (let round = 1; round <= Number(options.runs); round++) {
  await send(round)
  await producer.flush()
  await sleep(sessionMs + 1000)
  for (const { name, output, make, appId, runs } of contenders) {
    const run = await bench.run(make({ ...env, APP_ID: appId, OUTPUT: output, N: '1' }))
    runs.push(run)
    console.log(`${round} ${name}: ${run.facts['start_seconds']} s, peak ${run.peakMb} MB`)
  }
}

const secondsOf = (runs: readonly Run[]): number =>
  median(runs.map(({ facts }) => Number(facts['start_seconds'])))
const peer = secondsOf(contenders[0]!.runs)
console.log(
  `\nrestore of ${keys} keys, from the start to the next record, median of ${options.runs}`,
)
for (const { name, runs } of contenders) {
  const seconds = secondsOf(runs)
  const rate = Math.round(keys / seconds)
  const peak = Math.max(...runs.map(({ peakMb }) => peakMb))
  const ratio = (peer / seconds).toFixed(2)
  console.log(
    `  ${name.padEnd(16)} ${seconds.toFixed(2)} s  ${rate} records/s  ${ratio}×  peak ${peak} MB`,
  )
}

async function send(number: number): Promise<void> {
  const key = inputKey(number)
  producer.send(input, 0, startedAtMs + number, Buffer.from(key), inputValue(key, 1))
  await producer.ready()
}
