import { Record, StreamsBuilder, type Timers } from 'millrace'
import { json, string } from 'millrace/serdes'
import { timerStore } from 'millrace/state'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { text } from './golden/topics.ts'

const silence = timerStore({ name: 'silence', key: string() })
const priced = timerStore({ name: 'priced', key: string(), payload: json<number>() })

describe('timers in the DSL', () => {
  it('fire under the key that they belong to, as the wall clock moves in the test driver', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(text('in'))
      .processValues<string, [typeof silence]>(
        () => {
          let timers: Timers<string>
          return {
            init(context) {
              timers = context.timers(silence, ({ key, atMs, nowMs }) =>
                context.forward(new Record(key, `silent since ${atMs - 100}, now ${nowMs}`, atMs)),
              )
            },
            process({ key }, context) {
              const atMs = context.currentSystemTimeMs() + 100
              return timers.schedule({ key, atMs, clock: 'wall-clock-time' })
            },
          }
        },
        { stores: [silence], value: string() },
      )
      .groupByKey()
      .count({ store: 'silences' })
      .toStream()
      .mapValues((count) => String(count))
      .to(text('out'))
    const topology = builder.build()
    expect([...topology.plan().internalTopics.keys()].join()).not.toContain('repartition')
    await using driver = await TopologyTestDriver.create(topology)
    const input = driver.input(text('in'))
    await input.pipe({ key: 'j', value: 'x' })
    await input.pipe({ key: 'k', value: 'x' })
    await driver.advanceWallClock(60)
    await input.pipe({ key: 'k', value: 'x' })
    await driver.advanceWallClock(60)
    expect(driver.output(text('out')).readRecords()).toMatchObject([{ key: 'j', value: '1' }])
    expect(driver.store(silence).all()).toHaveLength(2)
    await driver.advanceWallClock(40)
    expect(driver.output(text('out')).readRecords()).toMatchObject([{ key: 'k', value: '1' }])
    expect(driver.store(silence).all()).toEqual([])
  })

  it('have the types of their store', () => {
    const builder = new StreamsBuilder()
    builder.stream(text('in')).process<string, string, [typeof silence, typeof priced]>(
      () => ({
        init(context) {
          const plain = context.timers(silence, ({ payload }) => expect(payload).toBeUndefined())
          const own = context.timers(priced, ({ payload }) => expect(payload.toFixed()).toBe('1'))
          const due = { key: 'k', atMs: 0, clock: 'stream-time' } as const
          void plain.schedule(due)
          void own.schedule({ ...due, payload: 1 })
          // @ts-expect-error The payload is missing.
          void own.schedule(due)
          // @ts-expect-error Keys are text.
          void plain.cancel({ key: 1 })
        },
        process() {},
      }),
      { stores: [silence, priced] },
    )
    expect(builder.build().plan().subTopologies[0]?.stores).toHaveLength(2)
  })
})
