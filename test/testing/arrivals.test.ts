import { describe, expect, it } from 'vitest'
import { Arrivals } from '../../src/testing/arrivals.ts'
import type { RawTestRecord } from '../../src/testing/raw-test-record.ts'

function record(timestampMs: number): RawTestRecord {
  return { partition: 0, offset: 0, timestampMs, key: null, value: null, headers: [] }
}

function taken(...added: readonly (readonly [string, number])[]): string[] {
  const arrivals = new Arrivals()
  for (const [topic, timestampMs] of added) arrivals.add(topic, record(timestampMs))
  const order: string[] = []
  for (let next = arrivals.take(); next; next = arrivals.take()) {
    order.push(`${next.topic}${next.record.timestampMs}`)
  }
  return order
}

describe('records that wait in a test driver', () => {
  it('come by the times of the first of each topic', () => {
    expect(taken(['a', 5], ['b', 3], ['c', 4], ['b', 9])).toEqual(['b3', 'c4', 'a5', 'b9'])
  })

  it('keep the order of their topic, however late one is', () => {
    expect(taken(['a', 5], ['a', 1], ['b', 3])).toEqual(['b3', 'a5', 'a1'])
  })

  it('of equal times come as they came, whatever their topics are named', () => {
    expect(taken(['z', 5], ['a', 5])).toEqual(['z5', 'a5'])
  })

  it('let another topic of the same time go before the second of theirs', () => {
    expect(taken(['z', 5], ['z', 5], ['a', 5])).toEqual(['z5', 'a5', 'z5'])
  })

  it('keep the order of a binary heap where three are equal, as Kafka Streams does', () => {
    expect(taken(['a', 5], ['b', 5], ['c', 5], ['d', 5])).toEqual(['a5', 'd5', 'c5', 'b5'])
  })
})
