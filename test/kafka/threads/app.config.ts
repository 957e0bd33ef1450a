// What `millrace run` runs in three threads. A value that says so makes its thread fail once a process.
import { existsSync, writeFileSync } from 'node:fs'
import { defineConfig, StreamsBuilder, topic } from 'millrace'
import { kafkajs } from 'millrace/broker/kafkajs'
import { json, string } from 'millrace/serdes'

/** A running total. */
export interface Total {
  readonly sum: number
  readonly count: number
}

export const purchases = topic('thread-purchases', { key: string(), value: string() })
export const totals = topic('thread-totals', { key: string(), value: json<Total>() })
export const partitions = 6

const builder = new StreamsBuilder()
builder
  .stream(purchases)
  .groupByKey()
  .aggregate<Total>(
    () => ({ sum: 0, count: 0 }),
    (before, value) => {
      if (value === 'crash') crashOnce()
      const amount = value === 'crash' ? 0 : Number(value)
      return { sum: before.sum + amount, count: before.count + 1 }
    },
    { store: 'totals', value: json<Total>() },
  )
  .toStream()
  .to(totals)

/** What is thrown beside any record ends the thread wherever it is with its transaction. */
function crashOnce(): void {
  const marker = process.env['CRASH_MARKER']
  if (marker === undefined || existsSync(marker)) return
  writeFileSync(marker, '')
  setTimeout(() => {
    throw new Error('this thread was made to crash')
  })
}

export default defineConfig({
  applicationId: 'threads',
  topology: builder.build(),
  broker: kafkajs({ brokers: [process.env['KAFKA'] ?? 'localhost:9092'] }),
  threads: 3,
  sessionTimeoutMs: 6_000,
  heartbeatIntervalMs: 500,
  transactionTimeoutMs: 5_000,
  uncaughtExceptionHandler: () => 'replace-thread',
})
