import type { SimulationOptions } from 'millrace/testing'

/** A fault in the product, planted from outside, that the simulator has to find. */
export interface Defect {
  readonly name: string
  /** What is put between the workers and what they work with; made anew for each seed. */
  readonly options?: () => Partial<SimulationOptions>
  /** Changes a class for all that follows; gives what changes it back. */
  readonly install?: () => () => void
}
