import { rocksDbEngine } from './harness.ts'
import { formsContract } from './forms-contract.ts'
import { keyValueContract } from './key-value-contract.ts'
import { kindContract } from './kind-contract.ts'
import { modelContract } from './model-contract.ts'
import { taskContract } from './task-contract.ts'
import { windowContract } from './window-contract.ts'

const engine = rocksDbEngine('rocksdb-native')

keyValueContract(engine)
windowContract(engine)
taskContract(engine)
modelContract(engine)
kindContract(engine)
formsContract(engine)
