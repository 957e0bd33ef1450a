import { TopologyError } from '../core/errors.ts'

/** Refuses what is not a whole number of milliseconds, or too small. Throws `TopologyError` naming the option. */
export function checkMs(of: string, name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new TopologyError(
    `${of}: ${name} must be a whole number of milliseconds, at least ${least}; got ${value}.`,
  )
}
