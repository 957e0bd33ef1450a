import { StreamsBuilder, topic } from 'millrace'
import { string } from 'millrace/serdes'
import { TopologyTestDriver, type TestInputTopic, type TestOutputTopic } from 'millrace/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deadLetter, retrying } from '../../../src/runtime/error-handlers.ts'
import type { TopologyTestDriverOptions } from '../../../src/testing/topology-test-driver-options.ts'

const orders = topic('orders', { key: string(), value: string() })
const seen = topic('seen', { key: string(), value: string() })
const aside = topic('aside', { key: string(), value: string() })

/** Refuses values, at two branches. */
function refusing(refused: ReadonlySet<string>): StreamsBuilder {
  const builder = new StreamsBuilder()
  const check = (value: string): void => {
    if (refused.has(value)) throw new RangeError(`${value} is refused`)
  }
  const stream = builder.stream(orders)
  stream.peek(check).to(seen)
  stream.peek(check).to(aside)
  return builder
}

describe('later records of the key of a dead letter', () => {
  let driver: TopologyTestDriver
  let input: TestInputTopic<string, string>
  let output: TestOutputTopic<string, string>
  const refused = new Set<string>()

  const open = async (
    options: TopologyTestDriverOptions = {},
    builder = refusing(refused),
  ): Promise<void> => {
    driver = await TopologyTestDriver.create(builder.build(), {
      handlers: { processing: deadLetter, deserialization: deadLetter },
      holdBackLaterRecords: true,
      ...options,
    })
    input = driver.input(orders)
    output = driver.output(seen)
  }

  const pipe = async (key: string | null, value: string): Promise<void> => {
    await input.pipe({ value, ...(key !== null && { key }) })
  }
  const values = (): string[] => output.readValues() as string[]
  const letters = (): (string | undefined)[] =>
    driver.deadLetters.map(({ value, stage }) => `${value?.toString()} ${stage}`)

  beforeEach(() => {
    refused.clear()
    refused.add('bad')
  })

  afterEach(async () => {
    await driver.close()
  })

  it('are processed where nobody asked for them to be held back', async () => {
    await open({ holdBackLaterRecords: false })
    await pipe('a', 'bad')
    await pipe('a', 'a1')
    expect(values()).toEqual(['a1'])
  })

  it('become dead letters themselves, those of other keys do not', async () => {
    await open()
    await pipe('a', 'bad')
    await pipe('a', 'a1')
    await pipe('b', 'b1')
    await pipe('a', 'a2')
    expect(values()).toEqual(['b1'])
    expect(letters()).toEqual(['bad processing', 'a1 held-back', 'a2 held-back'])
    expect(driver.deadLetters[2]!.error.message).toMatch(/Held back behind orders-0@0/)
  })
})
