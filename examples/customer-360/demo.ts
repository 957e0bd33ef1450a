// The whole example in one process: the embedded broker, a schema registry in memory, four applications, a dashboard.
import { createTopics } from 'millrace'
import { EmbeddedBroker } from 'millrace/broker/embedded'
import { inProcessSchemaRegistry } from 'millrace/serdes/avro'
import { startApplications } from './applications.ts'
import { startDashboard } from './dashboard/server.ts'
import { Workers } from './dashboard/workers.ts'
import { PurchasePublisher } from './publisher.ts'
import { playPurchases, stopAtSignal } from './play-purchases.ts'
import { topicsToCreate } from './topics.ts'

const dashboardPort = Number(process.env['DASHBOARD_PORT'] ?? 0)

const broker = new EmbeddedBroker()
await createTopics(broker, topicsToCreate)
const schemaRegistry = inProcessSchemaRegistry()

console.log('Customer 360: four applications on the embedded broker, exactly once')
const applications = await startApplications({
  broker,
  schemaRegistry,
  processingGuarantee: 'exactly_once',
  httpPort: 0,
})
const workers = new Workers(() => [applications.customer360.httpUrl!])
const publisher = await PurchasePublisher.open({ broker, schemaRegistry })
const dashboard = await startDashboard({
  port: dashboardPort,
  workers,
  record: ({ customerId, units, valueCents }) => publisher.record(customerId, units, valueCents),
})
console.log(`  dashboard  ${dashboard.url}`)
console.log(`  metrics    ${applications.customer360.httpUrl}/metrics\n`)

const stop = async (): Promise<void> => {
  await dashboard.close()
  await publisher.close()
  await applications.close()
  await broker.close()
}

await playPurchases({ workers, publisher })
if (process.argv.includes('--exit')) await stop()
else stopAtSignal(dashboard.url, stop)
