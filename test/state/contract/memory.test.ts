import { formsContract } from './forms-contract.ts'
import { keyValueContract } from './key-value-contract.ts'
import { kindContract } from './kind-contract.ts'
import { memoryEngine } from './harness.ts'
import { modelContract } from './model-contract.ts'
import { taskContract } from './task-contract.ts'
import { windowContract } from './window-contract.ts'

keyValueContract(memoryEngine)
windowContract(memoryEngine)
taskContract(memoryEngine)
modelContract(memoryEngine)
kindContract(memoryEngine)
formsContract(memoryEngine)
