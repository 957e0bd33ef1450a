import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { goldenTable } from './golden/summary.ts'

it('the table in test/golden/README.md counts what there is; run scripts/oracle-table.ts', async () => {
  const readme = readFileSync(new URL('../golden/README.md', import.meta.url), 'utf8')
  expect(readme).toContain(await goldenTable())
})
