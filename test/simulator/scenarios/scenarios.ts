import { eosDriver } from './eos-driver.ts'
import type { Scenario } from './scenario.ts'

export const scenarios: readonly Scenario[] = [eosDriver]
