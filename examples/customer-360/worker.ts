// One worker process: a worker of each of the four applications, on real Kafka, its state in RocksDB.
import { consoleLogger } from 'millrace'
import { kafkajs } from 'millrace/broker/kafkajs'
import { startApplications } from './applications.ts'

const setting = (name: string): string => {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`The environment has no ${name}`)
  return value
}

const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
})

const applications = await startApplications({
  broker: kafkajs({ brokers: setting('KAFKA_BROKERS').split(',') }),
  schemaRegistry: { url: setting('SCHEMA_REGISTRY_URL') },
  processingGuarantee: 'exactly_once',
  stateDir: setting('STATE_DIR'),
  httpPort: Number(process.env['HTTP_PORT'] ?? 0),
  logger: consoleLogger,
  settings: { commitIntervalMs: 200 },
})

const [tasks, restored] = applications.customer360
  .status()
  .tasks.reduce(([count, records], task) => [count + 1, records + task.restored], [0, 0])
console.log(JSON.stringify({ httpUrl: applications.customer360.httpUrl, tasks, restored }))

await Promise.race([stopped, ...applications.all.map((app) => app.closed)])
await applications.close()
