import { JoinWindows, StreamsBuilder, type KStream } from 'millrace'
import { string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { text } from '../dsl/golden/topics.ts'
import { engines, withCrashes } from './with-crashes.ts'
import type { TextRecord } from './worker-harness.ts'

type Texts = KStream<string, string>

interface TimedText extends TextRecord {
  readonly key: string
  readonly value: string
  readonly timestampMs: number
}

/** The records whose values begin with a letter, which says what they are. */
function kind(stream: Texts, letter: string): Texts {
  return stream.filter((value) => value.startsWith(letter))
}

/** Records of some keys, one a millisecond; every third one of the right side is of a key that has no left one. */
const records: readonly TimedText[] = Array.from({ length: 360 }, (_, i) => {
  const pair = Math.floor(i / 2)
  const [letter, key] = i % 2 === 0 ? ['L', 'k'] : pair % 3 === 0 ? ['R', 'j'] : ['R', 'k']
  const number = pair % 7
  return {
    key: `${key}${number}`,
    value: `${letter}${pair}`,
    timestampMs: i,
    partition: number % 2,
  }
})

const rounds = [records.slice(0, 130), records.slice(130, 251), records.slice(251)]

/** Moves event time in both partitions on. */
const ends = [1, 2, 3].flatMap((round) =>
  [0, 1].flatMap((partition) =>
    ['L', 'R'].map((side, i) => {
      const timestampMs = 100_000 * round + 1000 * i
      return { key: `end ${partition}`, value: `${side} end`, timestampMs, partition }
    }),
  ),
)

/** Left and right values of one key that are within 20 ms of each other. */
function pairs(): string[] {
  return records.flatMap((left) =>
    records
      .filter((right) => left.value.startsWith('L') && right.value.startsWith('R'))
      .filter((right) => left.key === right.key)
      .filter((right) => Math.abs(left.timestampMs - right.timestampMs) <= 20)
      .map((right) => `${left.value}+${right.value}`),
  )
}

function joiner(left: string | null, right: string | null): string {
  return `${left}+${right}`
}

function valuesOf(out: readonly { readonly value: string | null }[]): string[] {
  return out.map(({ value }) => value ?? '').filter((value) => !value.includes('end'))
}

describe.each(engines)('with workers that crash, on state in %s,', (_name, openState) => {
  it('an outer join of streams gives each pair once, and each record without a match', async () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream(text('in'))
    const windows = JoinWindows.of({ timeDifferenceMs: 20, graceMs: 0 })
    kind(stream, 'L')
      .outerJoin(kind(stream, 'R'), joiner, { windows, store: 'waiting', emitIntervalMs: 0 })
      .to(text('out'))
    const matched = new Set(pairs().flatMap((pair) => pair.split('+')))
    const alone = records
      .filter(({ value }) => !matched.has(value))
      .map(({ value }) => (value.startsWith('L') ? `${value}+null` : `null+${value}`))
    expect(alone.length).toBeGreaterThan(30)
    const expected = [...pairs(), ...alone]
    const out = await withCrashes({
      topology: builder.build(),
      rounds: [...rounds, ends],
      openState,
      isDone: (all) => valuesOf(all).length >= expected.length,
    })
    expect(valuesOf(out).sort()).toEqual(expected.sort())
  })

  it('an inner join of streams that were repartitioned gives each pair once', async () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream(text('in'))
    const options = {
      windows: JoinWindows.of({ timeDifferenceMs: 20, graceMs: 10_000 }),
      name: 'pairs',
      store: 'kept',
    }
    const rekeyed = (letter: string): Texts =>
      kind(stream, letter).selectKey((_, key) => `new ${key}`, { key: string() })
    rekeyed('L').join(rekeyed('R'), joiner, options).to(text('out'))
    const expected = pairs()
    const out = await withCrashes({
      topology: builder.build(),
      rounds,
      openState,
      isDone: ({ length }) => length >= expected.length,
    })
    expect(valuesOf(out).sort()).toEqual(expected.sort())
  })

  it('a join with a grace finds the table as it was at the time of each record', async () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream(text('in'))
    const table = kind(stream, 'R').toTable({
      store: { name: 'rows', versioned: { historyRetentionMs: 60_000 } },
    })
    kind(stream, 'L').leftJoin(table, joiner, { graceMs: 30, name: 'waiting' }).to(text('out'))
    // Updates of rows come 15 ms late, and the records which they are for have come before.
    const isLeft = ({ value }: TimedText): boolean => value.startsWith('L')
    const late = records.map((record) =>
      isLeft(record) ? record : { ...record, timestampMs: Math.max(0, record.timestampMs - 15) },
    )
    const rowAt = (key: string, timeMs: number): string | null => {
      const rows = late.filter(
        (row) => !isLeft(row) && row.key === key && row.timestampMs <= timeMs,
      )
      return rows.at(-1)?.value ?? null
    }
    const expected = late
      .filter(isLeft)
      .map(({ key, value, timestampMs }) => joiner(value, rowAt(key, timestampMs)))
    const out = await withCrashes({
      topology: builder.build(),
      rounds: [late.slice(0, 130), late.slice(130, 251), late.slice(251), ends],
      openState,
      isDone: (all) => valuesOf(all).length >= expected.length,
    })
    expect(valuesOf(out).sort()).toEqual(expected.sort())
  })
})
