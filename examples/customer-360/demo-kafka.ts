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
import { playPurchases, stopAtSignal } from './play-purchases.ts'
import { startServices } from './services.ts'
import { topicsToCreate } from './topics.ts'
import { startWorkerProcess } from './worker-process.ts'

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

await playPurchases({ workers, publisher })
if (process.argv.includes('--exit')) await stop()
else stopAtSignal(dashboard.url, stop)
