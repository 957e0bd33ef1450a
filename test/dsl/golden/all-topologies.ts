import { groupTopologies } from './group-topologies.ts'
import { joinTopologies } from './join-topologies.ts'
import { processorTopologies } from './processor-topologies.ts'
import { streamTopologies } from './stream-topologies.ts'
import { tableTopologies } from './table-topologies.ts'
import type { Declare } from './topics.ts'

/** Every topology of test/oracle, by name. */
export const allTopologies: Readonly<Record<string, Declare>> = {
  ...streamTopologies,
  ...groupTopologies,
  ...tableTopologies,
  ...joinTopologies,
  ...processorTopologies,
}
