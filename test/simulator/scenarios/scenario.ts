import type { Topology } from 'millrace'
import type { SimulationOptions } from 'millrace/testing'

/** A topology with its input, and what can be asked of it. */
export interface Scenario extends Pick<
  SimulationOptions,
  'input' | 'outputs' | 'processingGuarantee' | 'stores' | 'config' | 'partitions'
> {
  readonly name: string
  build(): Topology
}
