// How long after a record was written its result is there for readers of committed records: job A, exactly once, under a
// steady load, on Millrace and on Kafka Streams, in turns against one Kafka:
// npx tsx benchmarks/latency/run.ts [--rate 5000] [--seconds 20] [--runs 3] [--peers ../shared/peers]
//
// Both commit each 100 ms, which half of that time a record waits for on average; the rest is processing and the commit.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Broker } from '../../src/broker/port.ts'
import { Bench, median, type Contender } from '../kafka-streams/bench.ts'
import { inputKey, inputValue, openClient } from '../kafka-streams/client.ts'

const { values: options } = parseArgs({
  options: {
    rate: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '20' },
    runs: { type: 'string', default: '3' },
    peers: { type: 'string', default: '../shared/peers' },
  },
})
const rate = Number(options.rate)
const records = rate * Number(options.seconds)
const keys = 10_000
const stepMs = 10
/** Results before this share of them are not counted: code is compiled, and state is read for the first time. */
const warmUp = 0.25

interface Latency {
  readonly p50: number
  readonly p99: number
  readonly peakMb: number
}

await using bench = await Bench.open(options.peers)
await using client = openClient(bench.bootstrap)
const contenders = [
  { name: 'kafka streams', make: bench.kafkaStreams.bind(bench), runs: [] as Latency[] },
  { name: 'millrace', make: bench.millrace.bind(bench), runs: [] as Latency[] },
]
for (let round = 1; round <= Number(options.runs); round++) {
  for (const [at, { name, make, runs }] of contenders.entries()) {
    const topics = { INPUT: `bench-live-${round}-${at}`, OUTPUT: `bench-live-out-${round}-${at}` }
    const env = { JOB: 'A', MODE: 'eos', N: String(records), ...topics }
    const latency = await measure(make(env), topics.INPUT, topics.OUTPUT)
    runs.push(latency)
    console.log(`${round} ${name}: ${text(latency)}`)
  }
}

console.log(`\nlatency to the committed result at ${rate} records/s, medians of ${options.runs}`)
const medianOf = (runs: readonly Latency[]): Latency => ({
  p50: median(runs.map(({ p50 }) => p50)),
  p99: median(runs.map(({ p99 }) => p99)),
  peakMb: Math.max(...runs.map(({ peakMb }) => peakMb)),
})
const peer = medianOf(contenders[0]!.runs)
for (const { name, runs } of contenders) {
  const own = medianOf(runs)
  const ratios = `${(peer.p50 / own.p50).toFixed(2)}× / ${(peer.p99 / own.p99).toFixed(2)}×`
  console.log(`  ${name.padEnd(16)} ${text(own)}  ${ratios}`)
}

function text({ p50, p99, peakMb }: Latency): string {
  return `p50 ${p50} ms, p99 ${p99} ms, peak ${peakMb} MB`
}

async function measure(contender: Contender, input: string, output: string): Promise<Latency> {
  await client.createTopics([input, output].map((name) => ({ name, partitions: 1 })))
  const running = bench.run(contender)
  const arriving = arrivals(client, output)
  // The first record tells that the contender has joined and processes; only then the load begins.
  await produce(input, 1)
  await arriving.begun
  await produce(input, records - 1)
  const latencies = await arriving.all
  const { peakMb } = await running
  const counted = latencies.slice(Math.floor(latencies.length * warmUp)).sort((a, b) => a - b)
  const percentile = (share: number): number => counted[Math.floor(counted.length * share)]!
  return { p50: percentile(0.5), p99: percentile(0.99), peakMb }
}

async function produce(topic: string, count: number): Promise<void> {
  await using producer = await client.openProducer({})
  await producer.prepare([topic])
  const beganAtMs = performance.now()
  for (let sent = 0; sent < count;) {
    const due = Math.min(count, Math.ceil(((performance.now() - beganAtMs) / 1000) * rate) + 1)
    const nowMs = Date.now()
    for (; sent < due; sent++) {
      const key = inputKey((sent * 7919) % keys)
      producer.send(topic, 0, nowMs, Buffer.from(key), inputValue(key, 1))
    }
    await producer.flush()
    await sleep(stepMs)
  }
}

/** How old each result is when it arrives; results have the times of their records. */
function arrivals(
  broker: Broker,
  topic: string,
): { readonly begun: Promise<void>; readonly all: Promise<number[]> } {
  const fetcher = broker.openFetcher({ isolation: 'read_committed', maxWaitMs: 100 })
  fetcher.assign([{ topic, partition: 0, offset: 0 }])
  const latencies: number[] = []
  let begin!: () => void
  const begun = new Promise<void>((resolve) => (begin = resolve))
  const read = async (): Promise<number[]> => {
    while (latencies.length < records) {
      for (const { records: cursor } of await fetcher.poll({ timeoutMs: 1000 })) {
        const nowMs = Date.now()
        while (cursor.next()) latencies.push(nowMs - cursor.timestampMs)
      }
      if (latencies.length > 0) begin()
    }
    await fetcher.close()
    return latencies
  }
  return { begun, all: read() }
}
