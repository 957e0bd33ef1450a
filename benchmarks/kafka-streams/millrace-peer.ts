// Jobs A, B and C of the peers on Millrace: an aggregate by key, a count by window, a stream joined with a table, each in
// RocksDB with a changelog. Parameters come from the environment, as those of the other peers; prints one line like theirs.
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { KafkaStreams, StreamsBuilder, TimeWindows, topic } from 'millrace'
import { kafkajs } from 'millrace/broker/kafkajs'
import { json, string } from 'millrace/serdes'

interface Input {
  readonly k: string
  readonly amount: number
  readonly pad: string
}

interface Aggregate {
  readonly count: number
  readonly sum: number
}

interface Row {
  readonly k: string
  readonly segment: string
  readonly factor: number
}

// As `millrace run` does.
setFlagsFromString('--heap-growing-percent=120')
if (availableParallelism() < 4) setFlagsFromString('--no-parallel-scavenge')

const env = (name: string, fallback: string): string => process.env[name] ?? fallback
const bootstrap = env('BOOTSTRAP', 'localhost:9092')
const job = env('JOB', 'A')
const records = Number(env('N', '1000000'))
const mode = env('MODE', 'alo')
const everyUpdate = env('EVERY_UPDATE', '0') === '1'
const store = env('STORE', 'rocksdb')
const commitMs = env('COMMIT_MS', '')

let seen = 0
let first = 0
let last = 0
let cpuBefore = process.cpuUsage()

const inputName = env('INPUT', 'bench-in')
const outputName = env('OUTPUT', `bench-out-millrace-${job.toLowerCase()}`)
const builder = new StreamsBuilder()
const input = builder.stream(topic(inputName, { key: string(), value: json<Input>() })).peek(() => {
  if (seen++ === 0) {
    first = performance.now()
    cpuBefore = process.cpuUsage()
  }
  if (seen === records) last = performance.now()
})
switch (job) {
  case 'A':
    input
      .groupByKey()
      .aggregate(
        (): Aggregate => ({ count: 0, sum: 0 }),
        (aggregate, value) => ({ count: aggregate.count + 1, sum: aggregate.sum + value.amount }),
        { store: { name: 'agg', logging: { everyUpdate } }, value: json<Aggregate>() },
      )
      .toStream()
      .to(topic(outputName, { key: string(), value: json<Aggregate>() }))
    break
  case 'B':
    input
      .groupByKey()
      .windowedBy(TimeWindows.of({ sizeMs: 10_000, graceMs: Number(env('GRACE_MS', '60000')) }))
      .count({ store: { name: 'win', logging: { everyUpdate } } })
      .toStream()
      .map((count, { key, startMs, endMs }) => ({
        key,
        value: { start: startMs, end: endMs, count },
      }))
      .to(topic(outputName, { key: string(), value: json() }))
    break
  case 'C': {
    const rows = builder.table(
      topic(env('TABLE', 'bench-table'), { key: string(), value: json<Row>() }),
      { store: { name: 'table' } },
    )
    input
      .join(rows, ({ k, amount }, { segment, factor }) => ({
        k,
        amount,
        segment,
        weighted: amount * factor,
      }))
      .to(topic(outputName, { key: string(), value: json() }))
    break
  }
  default:
    throw new Error(`JOB=${job}`)
}

const stateDir = mkdtempSync(join(tmpdir(), 'millrace-benchmark-state-'))
const app = new KafkaStreams({
  applicationId: env('APP_ID', `millrace-${job.toLowerCase()}-${mode}-${Date.now()}`),
  topology: builder.build(),
  broker: kafkajs({ brokers: bootstrap.split(',') }),
  processingGuarantee: mode === 'eos' ? 'exactly_once' : 'at_least_once',
  ...(store === 'rocksdb' && { stateDir }),
  ...(commitMs !== '' && { commitIntervalMs: Number(commitMs) }),
})
const started = performance.now()
try {
  await app.start()
  const deadline = performance.now() + Number(env('TIMEOUT_S', '600')) * 1000
  const committed = (): number =>
    app
      .status()
      .tasks.flatMap((task) => task.partitions)
      .filter((partition) => partition.topic === inputName)
      .reduce((sum, partition) => sum + (partition.committedOffset ?? 0), 0)
  const isDone = (): boolean => seen >= records && committed() >= records
  while (!isDone() && performance.now() < deadline) await sleep(5)
  const seconds = (performance.now() - first) / 1000
  const { rss } = process.memoryUsage()
  const cpu = process.cpuUsage(cpuBefore)
  console.log(
    [
      'peer=millrace',
      `records=${seen}`,
      `seconds=${seconds.toFixed(3)}`,
      `rate=${Math.round(seen / seconds)}`,
      `job=${job}`,
      `mode=${mode}`,
      `store=${store}`,
      `every_update=${everyUpdate}`,
      `proc_seconds=${((last - first) / 1000).toFixed(3)}`,
      `start_seconds=${((first - started) / 1000).toFixed(3)}`,
      `committed=${committed()}`,
      `restored=${app.status().tasks.reduce((sum, task) => sum + task.restored, 0)}`,
      `cpu_seconds=${((cpu.user + cpu.system) / 1e6).toFixed(2)}`,
      `rss_mb=${Math.round(rss / 1e6)}`,
      `peak_rss_mb=${Math.round(process.resourceUsage().maxRSS / 1000)}`,
    ].join(' '),
  )
  if (committed() < records) process.exitCode = 3
} finally {
  await app.close()
  rmSync(stateDir, { recursive: true, force: true })
}
