// Writes the table of test/golden/README.md anew: how many topologies are compared with Kafka Streams in which way.
import { readFileSync, writeFileSync } from 'node:fs'
import { goldenTable } from '../test/dsl/golden/summary.ts'

const file = new URL('../test/golden/README.md', import.meta.url)
const [before, , after] = readFileSync(file, 'utf8').split(/<!-- (?:counted|end) -->\n/)
writeFileSync(file, `${before}<!-- counted -->\n\n${await goldenTable()}\n\n<!-- end -->\n${after}`)
