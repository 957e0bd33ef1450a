// The same applications on real Kafka, a real schema registry and RocksDB, as two worker processes.
//
// KAFKA_BROKERS and SCHEMA_REGISTRY_URL name services that run already (docker compose up); without them the demo starts
// its own, which needs Java 17 and Maven, and stops them at its end.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTopics } from 'millrace'
import { kafkajs } from 'millrace/broker/kafkajs'
import { schemaRegistry as httpSchemaRegistry } from 'millrace/serdes/avro'
import { startDashboard } from './dashboard/server.ts'
import { Workers } from './dashboard/workers.ts'
import { PurchasePublisher } from './publisher.ts'
import { inEventOrder, readPurchaseLog } from './purchase-log.ts'
import { ProgressBar, report } from './report.ts'
import { startServices } from './services.ts'
import { topicsToCreate } from './topics.ts'
import { untilProcessed } from './until-processed.ts'
import { startWorkerProcess } from './worker-process.ts'

const exitAtEnd = process.argv.includes('--exit')

console.log('Customer 360: two worker processes on Kafka, their state in RocksDB')
const services = await startServices(console.log)
const { brokers, schemaRegistryUrl } = services
const stateDir = mkdtempSync(join(tmpdir(), 'customer-360-'))
const broker = kafkajs({ brokers: brokers.split(',') })
const schemaRegistry = httpSchemaRegistry({ url: schemaRegistryUrl })
await createTopics(broker, topicsToCreate)
const processes = await Promise.all(
  ['one', 'two'].map((name) =>
    startWorkerProcess({ brokers, schemaRegistryUrl, stateDir: join(stateDir, name) }),
  ),
)
for (const { url } of processes) console.log(`  worker     ${url}/status`)
const workers = new Workers(() => processes.map(({ url }) => url))
const publisher = await PurchasePublisher.open({ broker, schemaRegistry })
const dashboard = await startDashboard({
  port: Number(process.env['DASHBOARD_PORT'] ?? 0),
  workers,
  record: ({ customerId, units, valueCents }) => publisher.record(customerId, units, valueCents),
})
console.log(`  dashboard  ${dashboard.url}\n`)

const stop = async (): Promise<void> => {
  await dashboard.close()
  await publisher.close()
  await Promise.all(processes.map((each) => each.stop()))
  await schemaRegistry.close()
  await services.stop()
  rmSync(stateDir, { recursive: true, force: true })
}

const log = inEventOrder(readPurchaseLog())
const bar = new ProgressBar(log.length)
const publishing = publisher.publishAll(log)
const overview = await untilProcessed(workers, log.length, (processed) =>
  bar.draw(processed, 'purchases processed'),
)
await publishing
bar.end('purchases processed')
console.log(report(overview))

if (exitAtEnd) await stop()
else {
  console.log(`\nThe dashboard stays up at ${dashboard.url} until you stop it with Ctrl+C.`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop())
}
