// What the compiler knows of stores, and what it must refuse. `tsc -p .` fails where one of these lines compiles.
import {
  historyOf,
  type KafkaStreams,
  type KTable,
  type StreamsBuilder,
  type Topic,
} from 'millrace'
import { json, string } from 'millrace/serdes'
import {
  keyValueStore,
  sessionStore,
  versionedStore,
  windowStore,
  type SessionStoreSpec,
  type VersionedStoreSpec,
} from 'millrace/state'
import type { TopologyTestDriver } from 'millrace/testing'

const serdes = { key: string(), value: json<number>() }

export function sessions(driver: TopologyTestDriver, app: KafkaStreams): void {
  const stays: SessionStoreSpec<string, number> = sessionStore({
    name: 'stays',
    ...serdes,
    retentionMs: 1000,
  })
  const found: number | undefined = driver.store(stays).findSessions('a', 0, 1)[0]?.value
  void found
  // @ts-expect-error A session has a start and an end.
  driver.store(stays).put('a', 0, 1)
  // @ts-expect-error The store is keyed by text.
  driver.store(stays).fetch(1)
  void app.view(stays).get('a', 0, 1)
  // @ts-expect-error A session is told by both its times.
  void app.view(stays).get('a')
  // @ts-expect-error How long sessions are kept has no default.
  sessionStore({ name: 'stays', ...serdes })
}

export function versions(driver: TopologyTestDriver, app: KafkaStreams): void {
  const prices: VersionedStoreSpec<string, number> = versionedStore({
    name: 'prices',
    ...serdes,
    historyRetentionMs: 1000,
  })
  const validToMs: number | undefined = driver.store(prices).get('a', 5)?.validToMs
  void validToMs
  // @ts-expect-error A version's value is beside its times.
  driver.store(prices).get('a')?.toFixed()
  void app.view(prices).get('a', { asOfMs: 5 })
  // @ts-expect-error The values are numbers.
  driver.store(prices).put('a', 'text', 5)
  // @ts-expect-error How far back history goes has no default.
  versionedStore({ name: 'prices', ...serdes })
}

export function historyOfATable(
  builder: StreamsBuilder,
  topic: Topic<string, number>,
  app: KafkaStreams,
): void {
  const versioned = { historyRetentionMs: 1000 }
  const prices: KTable<string, number> = builder.table(topic, { store: { name: 'p', versioned } })
  void app.view(historyOf(prices)).get('a', { asOfMs: 5 })
  // @ts-expect-error The table is keyed by text.
  void app.view(historyOf(prices)).get(1)
  // @ts-expect-error History is kept for a time.
  builder.table(topic, { store: { name: 'p', versioned: true } })
  // @ts-expect-error A global table has no history to ask for.
  historyOf(builder.globalTable(topic))
}

export function headersAndTtl(driver: TopologyTestDriver): void {
  const seen = keyValueStore({ name: 'seen', ...serdes, ttlMs: 60_000, headers: true })
  const key: string | undefined = driver.store(seen).getWithHeaders('a')?.headers[0]?.key
  void key
  // @ts-expect-error A time to live is a number of milliseconds.
  keyValueStore({ name: 'seen', ...serdes, ttlMs: '1 minute' })
  // @ts-expect-error Windows expire by their retention.
  windowStore({ name: 'w', ...serdes, windowSizeMs: 1, ttlMs: 5 })
}
