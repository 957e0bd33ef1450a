import { readdirSync } from 'node:fs'
import type { Declare } from './topics.ts'

const folder = new URL('./', import.meta.url)
const topologies: Record<string, Declare> = {}

// A family is found by its file's name, as those of the oracle are, so that writing one is all it takes.
for (const file of readdirSync(folder).sort()) {
  if (!file.endsWith('-topologies.ts') || file === 'all-topologies.ts') continue
  const exported = (await import(new URL(file, folder).href)) as Record<string, object>
  for (const family of Object.values(exported)) {
    for (const [name, declare] of Object.entries(family)) {
      if (name in topologies) throw new Error(`Two topologies are named ${name}.`)
      topologies[name] = declare as Declare
    }
  }
}

/** Every topology of test/oracle, by name: what the files here named `…-topologies.ts` export. */
export const allTopologies: Readonly<Record<string, Declare>> = topologies
