import { readdirSync, readFileSync } from 'node:fs'
import { StreamsBuilder } from 'millrace'
import { bytes } from 'millrace/serdes'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { allTopologies } from './golden/all-topologies.ts'
import { text } from './golden/topics.ts'

interface Vector {
  readonly inputs: readonly {
    readonly topic: string
    readonly key: string | null
    readonly value: string | null
    readonly timestampMs: number
  }[]
  /** Keys and values in hexadecimal. */
  readonly outputs: readonly unknown[]
  readonly stores: Readonly<Record<string, readonly unknown[]>>
}

const golden = new URL('../golden/behaviour/', import.meta.url)
const names = readdirSync(golden).map((file) => file.replace(/\.json$/, ''))

function hex(value: Buffer | null): string | null {
  return value && value.toString('hex')
}

function outputsOf(driver: TopologyTestDriver): unknown[] {
  const topics = driver.producedTopics.filter((name) => name.startsWith('out')).sort()
  return topics.flatMap((topic) =>
    driver
      .output(topic, { key: bytes(), value: bytes() })
      .readRecords()
      .map(({ key, value, timestampMs }) => {
        return { topic, key: hex(key), value: hex(value), timestampMs }
      }),
  )
}

function sorted(rows: readonly unknown[]): unknown[] {
  const text = (row: unknown): string => JSON.stringify(Object.entries(row as object).sort())
  return [...rows].sort((a, b) => (text(a) < text(b) ? -1 : 1))
}

describe('the same records give what they give in Kafka Streams:', () => {
  it.each(names)('%s', async (name) => {
    const vector = JSON.parse(readFileSync(new URL(`${name}.json`, golden), 'utf8')) as Vector
    const builder = new StreamsBuilder()
    allTopologies[name]!(builder)
    await using driver = await TopologyTestDriver.create(builder.build())
    for (const { topic, ...record } of vector.inputs) await driver.input(text(topic)).pipe(record)
    expect(outputsOf(driver)).toEqual(vector.outputs)
    for (const [store, rows] of Object.entries(vector.stores)) {
      const entries = driver.store(store).all()
      // Windows come by start here, and by segment and key in Kafka Streams' store on disk.
      expect(sorted(entries), `the store ${store}`).toEqual(sorted(rows))
    }
  })
})
