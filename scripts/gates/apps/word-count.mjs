// Run by an application that has Millrace installed: every entry loads, and a word count counts.
import { deepEqual } from 'node:assert/strict'
import { StreamsBuilder, topic } from 'millrace'
import { long, string } from 'millrace/serdes'
import { TopologyTestDriver } from 'millrace/testing'

for (const entry of process.argv.slice(2)) {
  const names = Object.keys(await import(entry))
  if (names.length === 0) throw new Error(`${entry} exports nothing`)
}

const lines = topic('lines', { key: string(), value: string() })
const counts = topic('counts', { key: string(), value: long({ as: 'number' }) })

const builder = new StreamsBuilder()
builder
  .stream(lines)
  .flatMapValues((line) => line.toLowerCase().split(/\W+/).filter(Boolean))
  .groupBy((word) => word, { name: 'by-word', key: string(), value: string() })
  .count({ store: 'word-counts' })
  .toStream()
  .to(counts)

const driver = await TopologyTestDriver.create(builder.build())
await driver.input(lines).pipe({ key: '1', value: 'The mill turns; the race runs.' })
const last = new Map(
  driver
    .output(counts)
    .readRecords()
    .map(({ key, value }) => [key, value]),
)
await driver.close()

deepEqual([...last].toSorted(), [
  ['mill', 1],
  ['race', 1],
  ['runs', 1],
  ['the', 2],
  ['turns', 1],
])
console.log('word count ok')
