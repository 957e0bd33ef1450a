import { bytes } from 'millrace/serdes'
import type { TopologyTestDriver } from 'millrace/testing'
import type { Headers } from '../../../src/core/headers.ts'

/** A key or value that goes in: text, or another type with its name. */
export type Typed =
  | string
  | null
  | { readonly long: number }
  | { readonly int: number }
  | { readonly double: number }
  | { readonly hex: string }

/** A record that goes in, or the wall clock moving on. */
export type Step =
  | { readonly advanceMs: number }
  | {
      readonly topic: string
      readonly key: Typed
      readonly value: Typed
      readonly timestampMs: number
      readonly headers?: string
    }

/** A read of a versioned store as of a time, and what it gives. */
export interface AsOfRead {
  readonly store: string
  readonly key: unknown
  readonly asOfMs: number
  readonly value: unknown
  readonly timestampMs?: number
}

/** What went through a topology in Kafka Streams, and what came of it. */
export interface Vector {
  readonly inputs: readonly Step[]
  /** Keys and values in hexadecimal. */
  readonly outputs: readonly unknown[]
  /** The records of topics of the application's own, where the oracle writes them. */
  readonly internal?: readonly { readonly topic: string }[]
  readonly stores: Readonly<Record<string, readonly object[]>>
  readonly reads?: readonly AsOfRead[]
}

/** Sends the inputs of a vector through. */
export async function feed(driver: TopologyTestDriver, inputs: readonly Step[]): Promise<void> {
  for (const step of inputs) {
    if ('advanceMs' in step) {
      await driver.advanceWallClock(step.advanceMs)
      continue
    }
    await driver.input(step.topic, { key: bytes(), value: bytes() }).pipe({
      key: bytesOf(step.key),
      value: bytesOf(step.value),
      timestampMs: step.timestampMs,
      headers: headersOf(step.headers),
    })
  }
}

/** The records of the topics whose names begin with "out", as the oracle writes them. */
export function outputsOf(driver: TopologyTestDriver): object[] {
  const topics = driver.producedTopics.filter((name) => name.startsWith('out')).sort()
  return recordsOf(driver, topics)
}

/** The records of these topics, as the oracle writes them. */
export function recordsOf(driver: TopologyTestDriver, topics: readonly string[]): object[] {
  return topics.flatMap((topic) =>
    driver
      .output(topic, { key: bytes(), value: bytes() })
      .readRecords()
      .map(({ key, value, timestampMs, headers }) => {
        const row = { topic, key: hex(key), value: hex(value), timestampMs }
        return headers.length === 0 ? row : { ...row, headers: headerText(headers) }
      }),
  )
}

function bytesOf(value: Typed): Buffer | null {
  if (value === null) return null
  if (typeof value === 'string') return Buffer.from(value)
  if ('hex' in value) return Buffer.from(value.hex, 'hex')
  if ('int' in value) {
    const buffer = Buffer.alloc(4)
    buffer.writeInt32BE(value.int)
    return buffer
  }
  const buffer = Buffer.alloc(8)
  if ('long' in value) buffer.writeBigInt64BE(BigInt(value.long))
  else buffer.writeDoubleBE(value.double)
  return buffer
}

function headersOf(text: string | undefined): Headers {
  if (text === undefined) return []
  return text.split(', ').map((header) => {
    const [key = '', value = ''] = header.split(' ')
    return { key, value: value === 'null' ? null : Buffer.from(value, 'hex') }
  })
}

function headerText(headers: Headers): string {
  return headers.map(({ key, value }) => `${key} ${hex(value)}`).join(', ')
}

function hex(value: Buffer | null): string | null {
  return value && value.toString('hex')
}
