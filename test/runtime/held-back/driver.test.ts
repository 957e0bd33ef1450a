import { StreamsBuilder, topic } from 'millrace'
import { integer, string } from 'millrace/serdes'
import { TopologyTestDriver, type TestInputTopic, type TestOutputTopic } from 'millrace/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deadLetter, logAndContinue, retrying } from '../../../src/runtime/error-handlers.ts'
import type { TopologyTestDriverOptions } from '../../../src/testing/topology-test-driver-options.ts'

const orders = topic('orders', { key: string(), value: string() })
const returns = topic('returns', { key: string(), value: string() })
const seen = topic('seen', { key: string(), value: string() })
const aside = topic('aside', { key: string(), value: string() })
const texts = { key: string(), value: string() }

describe('records behind a dead letter of their key', () => {
  let driver: TopologyTestDriver
  let input: TestInputTopic<string, string>
  let output: TestOutputTopic<string, string>
  const refused = new Set<string>()

  const check = (value: string | null): void => {
    if (refused.has(value!)) throw new RangeError(`${value} is refused`)
  }

  const open = async (
    declare: (builder: StreamsBuilder) => void,
    options: TopologyTestDriverOptions = {},
  ): Promise<void> => {
    const builder = new StreamsBuilder()
    declare(builder)
    driver = await TopologyTestDriver.create(builder.build(), {
      handlers: { processing: deadLetter, deserialization: deadLetter },
      holdBackLaterRecords: true,
      ...options,
    })
    input = driver.input(orders)
    output = driver.output(seen)
  }

  const checked = (builder: StreamsBuilder): void => builder.stream(orders).peek(check).to(seen)

  const pipe = async (key: string, ...values: string[]): Promise<void> => {
    for (const value of values) await input.pipe({ key, value })
  }

  const values = (): (string | null)[] => output.readValues()
  const letters = (): string[] =>
    driver.deadLetters.map(({ value, stage }) => `${value?.toString()} ${stage}`)
  const redrive = async (...at: number[]): Promise<void> => {
    for (const i of at) await driver.redrive(driver.deadLetters[i]!)
  }

  beforeEach(() => {
    refused.clear()
    refused.add('bad')
  })

  afterEach(async () => {
    await driver.close()
  })

  it('are processed where nobody asked for them to be held back', async () => {
    await open(checked, { holdBackLaterRecords: false })
    await pipe('a', 'bad', 'a1')
    expect(values()).toEqual(['a1'])
    expect(driver.deadLetters).toMatchObject([{ holdsBack: false }])
    expect(driver.producedTopics).toEqual(['orders', 'seen'])
  })

  it('become dead letters themselves, those of other keys do not', async () => {
    await open(checked)
    await pipe('a', 'bad', 'a1')
    await pipe('b', 'b1')
    await pipe('a', 'a2')
    expect(values()).toEqual(['b1'])
    expect(letters()).toEqual(['bad processing', 'a1 held-back', 'a2 held-back'])
    expect(driver.deadLetters[2]).toMatchObject({ offset: 3, holdsBack: true })
    expect(driver.deadLetters[2]!.error.message).toMatch(/Held back behind orders-0@0/)
  })

  it('are processed in their order as they are redriven, and the next ones then at once', async () => {
    await open(checked)
    await pipe('a', 'bad', 'a1', 'a2')
    refused.clear()
    await redrive(0, 1, 2)
    await pipe('a', 'a3')
    expect(values()).toEqual(['bad', 'a1', 'a2', 'a3'])
    expect(driver.deadLetters).toHaveLength(3)
  })

  it('are held back again where one is redriven out of its turn', async () => {
    await open(checked)
    await pipe('a', 'bad', 'a1', 'a2')
    refused.clear()
    await redrive(2, 1, 0, 3)
    expect(letters().slice(3)).toEqual(['a2 held-back', 'a1 held-back', 'a2 held-back'])
    expect(values()).toEqual(['bad'])
    await redrive(4, 5)
    expect(values()).toEqual(['a1', 'a2'])
  })

  it('are held back again where the first fails again', async () => {
    await open(checked)
    await pipe('a', 'bad', 'a1')
    await redrive(0, 1)
    expect(letters().slice(2)).toEqual(['bad processing', 'a1 held-back'])
    refused.clear()
    await redrive(2, 3)
    expect(values()).toEqual(['bad', 'a1'])
  })

  it('go on without what was dropped', async () => {
    await open(checked)
    await pipe('a', 'bad', 'a1')
    driver.drop(driver.deadLetters[0]!)
    await pipe('a', 'a2')
    await redrive(1, 2)
    await pipe('a', 'a3')
    expect(values()).toEqual(['a1', 'a2', 'a3'])
    expect(letters().slice(1)).toEqual(['a1 held-back', 'a2 held-back'])
  })

  it('are held back by the bytes of a key that cannot be decoded', async () => {
    await open((builder) =>
      builder
        .stream(topic('orders', { key: integer(), value: string() }))
        .mapValues((value) => value)
        .to(topic('seen', { key: integer(), value: string() })),
    )
    const raw = driver.input('orders', texts)
    await raw.pipe({ key: 'no number', value: 'bad' })
    await raw.pipe({ key: 'no number', value: 'a1' })
    await raw.pipe({ key: 'four', value: 'b1' })
    expect(letters()).toEqual(['bad deserialization', 'a1 held-back'])
    expect(driver.output('seen', texts).readValues()).toEqual(['b1'])
  })

  it('are not held back without a key', async () => {
    await open(checked)
    await input.pipeValue('bad')
    await input.pipeValue('n1')
    expect(values()).toEqual(['n1'])
    expect(driver.deadLetters).toMatchObject([{ holdsBack: false }])
  })

  it('are processed where a handler says that the first is left out', async () => {
    await open(checked, { handlers: { processing: logAndContinue } })
    await pipe('a', 'bad', 'a1')
    expect(values()).toEqual(['a1'])
  })

  it('wait for the attempts at the first, and are processed where one succeeds', async () => {
    let attempts = 0
    const flaky = (builder: StreamsBuilder): void =>
      builder
        .stream(orders)
        .peek((value) => {
          if (value === 'flaky' && ++attempts < 3) throw new RangeError('not yet')
          check(value)
        })
        .to(seen)
    await open(flaky, { handlers: { processing: retrying({ attempts: 3 }) } })
    await pipe('a', 'flaky', 'a1', 'bad', 'a2')
    expect(values()).toEqual(['flaky', 'a1'])
    expect(letters()).toEqual(['bad processing', 'a2 held-back'])
    refused.clear()
    await redrive(0, 1)
    expect(values()).toEqual(['bad', 'a2'])
  })

  it('are one dead letter where they fail at several branches', async () => {
    await open((builder) => {
      const stream = builder.stream(orders)
      stream.peek(check).to(seen)
      stream.peek(check).to(aside)
    })
    await pipe('a', 'bad', 'a1')
    expect(letters()).toEqual(['bad processing', 'a1 held-back'])
    refused.clear()
    await redrive(0, 1)
    expect(values()).toEqual(['bad', 'a1'])
    expect(driver.output(aside).readValues()).toEqual(['bad', 'a1'])
  })

  it('of another topic go on', async () => {
    await open((builder) =>
      builder.stream(orders).merge(builder.stream(returns)).peek(check).to(seen),
    )
    await pipe('a', 'bad')
    await driver.input(returns).pipe({ key: 'a', value: 'r1' })
    await pipe('a', 'a1')
    expect(values()).toEqual(['r1'])
  })

  it('wait where it is a record of a repartition topic that failed', async () => {
    await open((builder) =>
      builder
        .stream(orders)
        .selectKey((value) => value.at(0)!)
        .repartition({ ...texts, name: 'by-letter' })
        .peek(check)
        .to(seen),
    )
    await pipe('1', 'bad', 'b1')
    await pipe('2', 'b2', 'c1')
    expect(values()).toEqual(['c1'])
    const from = driver.deadLetters.map(({ topic: name, offset }) => `${name} ${offset}`)
    const name = 'test-by-letter-repartition'
    expect(from).toEqual([`${name} 0`, `${name} 1`, `${name} 2`])
    refused.clear()
    await redrive(0, 1, 2)
    expect(values()).toEqual(['bad', 'b1', 'b2'])
  })

  it('wait for the calls of the one before, and for it where a call has failed', async () => {
    const begun: string[] = []
    await open((builder) =>
      builder
        .stream(orders)
        .peek((value) => {
          begun.push(value)
        })
        .mapValuesAsync(
          async (value) => {
            await Promise.resolve()
            check(value)
            return value
          },
          { concurrency: 4, orderedBy: 'key' },
        )
        .to(seen),
    )
    await Promise.all(
      ['bad', 'a1', 'a2', 'b1'].map((value) => input.pipe({ key: value.at(0)!, value })),
    )
    await pipe('b', 'b2', 'b3')
    expect(letters()).toEqual(['bad processing', 'b1 held-back', 'b2 held-back', 'b3 held-back'])
    expect(begun).toEqual(['bad', 'a1', 'a2'])
    refused.clear()
    await redrive(0, 1, 2, 3)
    await pipe('b', 'b4')
    expect(values()).toEqual(['a1', 'a2', 'bad', 'b1', 'b2', 'b3', 'b4'])
  })
})
