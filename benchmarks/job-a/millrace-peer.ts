// Job A of the peers on Millrace: count and sum by key in RocksDB with a changelog, each update written to an output.
// Parameters come from the environment, as those of the other peers; prints one line like theirs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaStreams, StreamsBuilder, topic } from 'millrace'
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

const env = (name: string, fallback: string): string => process.env[name] ?? fallback
const bootstrap = env('BOOTSTRAP', 'localhost:9092')
const records = Number(env('N', '1000000'))
const mode = env('MODE', 'alo')
const everyUpdate = env('EVERY_UPDATE', '0') === '1'
const store = env('STORE', 'rocksdb')
const commitMs = env('COMMIT_MS', '')

let seen = 0
let first = 0
let last = 0

const input = topic(env('INPUT', 'bench-in'), { key: string(), value: json<Input>() })
const output = topic(env('OUTPUT', 'bench-out-millrace'), {
  key: string(),
  value: json<Aggregate>(),
})
const builder = new StreamsBuilder()
builder
  .stream(input)
  .peek(() => {
    if (seen++ === 0) first = performance.now()
    if (seen === records) last = performance.now()
  })
  .groupByKey()
  .aggregate(
    (): Aggregate => ({ count: 0, sum: 0 }),
    (aggregate, value) => ({ count: aggregate.count + 1, sum: aggregate.sum + value.amount }),
    { store: { name: 'agg', logging: { everyUpdate } }, value: json<Aggregate>() },
  )
  .toStream()
  .to(output)

const stateDir = mkdtempSync(join(tmpdir(), 'millrace-job-a-'))
const app = new KafkaStreams({
  applicationId: env('APP_ID', `millrace-a-${mode}-${Date.now()}`),
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
      .reduce((sum, partition) => sum + (partition.committedOffset ?? 0), 0)
  while (committed() < records && performance.now() < deadline) await sleep(5)
  const seconds = (performance.now() - first) / 1000
  const { rss } = process.memoryUsage()
  const cpu = process.cpuUsage()
  console.log(
    [
      'peer=millrace',
      `records=${seen}`,
      `seconds=${seconds.toFixed(3)}`,
      `rate=${Math.round(seen / seconds)}`,
      'job=A',
      `mode=${mode}`,
      `store=${store}`,
      `every_update=${everyUpdate}`,
      `proc_seconds=${((last - first) / 1000).toFixed(3)}`,
      `start_seconds=${((first - started) / 1000).toFixed(3)}`,
      `committed=${committed()}`,
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
