import { expect, it } from 'vitest'
import type { Defect } from './defect.ts'
import { findDefect } from './find-defect.ts'

/** As many as run with every test run. */
const seedsMost = 2_000

/** Declares a test for each defect: a seed that is always run finds it. */
export function expectFound(defects: readonly Defect[]): void {
  it.each(defects.map((defect) => [defect.name, defect] as const))('%s', async (name, defect) => {
    const found = await findDefect(defect, seedsMost)
    expect(found).toBeDefined()
    console.info(`${name}: ${found!.difference}`)
  })
}
