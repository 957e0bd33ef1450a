import { StreamsBuilder } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { expect, it } from 'vitest'
import { text } from './golden/topics.ts'

it('print writes a line for each record, with the name of the operator before or a label', async () => {
  const lines: string[] = []
  const write = (line: string): void => void lines.push(line)
  const builder = new StreamsBuilder()
  const stream = builder.stream(text('in'), { name: 'words' })
  stream.print({ write })
  stream
    .mapValues((word) => ({ word, letters: word === null ? [] : word.split('') }))
    .print({ label: 'as objects', write })
  await using driver = await TopologyTestDriver.create(builder.build())
  await driver.input(text('in')).pipe({ key: 'k', value: 'hi', timestampMs: 1 })
  await driver.input(text('in')).pipe({ key: null, value: null, timestampMs: 2 })
  expect(lines).toEqual([
    '[words]: k, hi',
    "[as objects]: k, { word: 'hi', letters: [ 'h', 'i' ] }",
    '[words]: null, null',
    '[as objects]: null, { word: null, letters: [] }',
  ])
})
