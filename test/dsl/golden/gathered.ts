import type { KTable } from 'millrace'
import { string } from 'millrace/serdes'
import { text } from './topics.ts'

const key = string()
const value = string()

/** Writes down in one row how the rows of a table come and go: what is added, and what is taken out. */
export function gathered(table: KTable<string, string>, name: string, to: string): void {
  table
    .groupBy((row) => ({ key: 'all', value: row }), { name, key, value })
    .aggregate(
      () => '0',
      (all, row) => `${all}+${row}`,
      (all, row) => `${all}-${row}`,
      { store: `${name}-sums`, value },
    )
    .toStream()
    .to(text(to))
}
