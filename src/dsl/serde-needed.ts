import { TopologyError } from '../core/errors.ts'
import type { Serde } from '../serdes/serde.ts'

/**
 * A serde that an operator cannot do without.
 *
 * @throws TopologyError where it is not known, naming the operator and the option to give it in.
 */
export function neededSerde<T>(
  serde: Serde<T> | undefined,
  part: 'key' | 'value',
  operator: string,
  purpose: string,
  option: string = part,
): Serde<T> {
  if (serde) return serde
  throw new TopologyError(
    `${operator} ${purpose}, and the serde of its ${part}s is not known since an operator before ` +
      `it made new ${part}s. Give it in the operator's options: { ${option}: … }.`,
  )
}
