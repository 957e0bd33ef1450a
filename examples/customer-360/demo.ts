// The whole example in one process: the embedded broker, a schema registry in memory, four applications, a dashboard.
import { createTopics } from 'millrace'
import { EmbeddedBroker } from 'millrace/broker/embedded'
import { inProcessSchemaRegistry } from 'millrace/serdes/avro'
import { startApplications } from './applications.ts'
import { startDashboard } from './dashboard/server.ts'
import { Workers } from './dashboard/workers.ts'
import { PurchasePublisher } from './publisher.ts'
import { inEventOrder, readPurchaseLog } from './purchase-log.ts'
import { ProgressBar, report } from './report.ts'
import { topicsToCreate } from './topics.ts'
import { untilProcessed } from './until-processed.ts'

const exitAtEnd = process.argv.includes('--exit')
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

const log = inEventOrder(readPurchaseLog())
const bar = new ProgressBar(log.length)
const publishing = publisher.publishAll(log)
const overview = await untilProcessed(workers, log.length, (processed) =>
  bar.draw(processed, 'purchases processed'),
)
await publishing
bar.end('purchases processed')
console.log(report(overview))

const stop = async (): Promise<void> => {
  await dashboard.close()
  await publisher.close()
  await applications.close()
  await broker.close()
}
if (exitAtEnd) await stop()
else {
  console.log(`\nThe dashboard stays up at ${dashboard.url} until you stop it with Ctrl+C.`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop())
}
