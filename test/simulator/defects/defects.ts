import { commitDefects } from './commit-defects.ts'
import type { Defect } from './defect.ts'
import { stateDefects } from './state-defects.ts'

export const defects: readonly Defect[] = [...commitDefects, ...stateDefects]
