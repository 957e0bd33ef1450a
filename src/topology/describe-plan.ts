import { TopologyError } from '../core/errors.ts'
import { describeDot } from './describe-dot.ts'
import { describeMermaid } from './describe-mermaid.ts'
import type { TopologyPlan } from './topology-plan.ts'
import { snapshotOf } from './topology-snapshot.ts'

/** The languages in which a topology describes itself. */
export type DescribeFormat = 'text' | 'mermaid' | 'dot' | 'json'

/** A topology in one of the languages that tell of its plan alone. Throws `TopologyError` for one that there is not. */
export function describePlan(plan: TopologyPlan, format: Exclude<DescribeFormat, 'text'>): string {
  switch (format) {
    case 'mermaid':
      return describeMermaid(plan)
    case 'dot':
      return describeDot(plan)
    case 'json':
      return `${JSON.stringify(snapshotOf(plan), undefined, 2)}\n`
    default:
      throw new TopologyError(
        `There is no format ${JSON.stringify(format)}; describe takes text, mermaid, dot and json.`,
      )
  }
}
