import { atLeastOnce } from './at-least-once.ts'
import { eosDriver } from './eos-driver.ts'
import { foreignKey } from './foreign-key.ts'
import { processors } from './processors.ts'
import type { Scenario } from './scenario.ts'
import { stateless } from './stateless.ts'
import { tables } from './tables.ts'
import { windows } from './windows.ts'

/** A seed takes the one whose turn it is; the cheap ones that show most come twice. */
export const scenarios: readonly Scenario[] = [
  eosDriver,
  tables,
  processors,
  stateless,
  windows,
  eosDriver,
  foreignKey,
  atLeastOnce,
]
