import { describe, expect, test } from 'vitest'
import { probeBinding } from '../../../src/state/rocksdb/probe.ts'
import { rocksDbEngine } from './harness.ts'
import { formsContract } from './forms-contract.ts'
import { keyValueContract } from './key-value-contract.ts'
import { kindContract } from './kind-contract.ts'
import { modelContract } from './model-contract.ts'
import { taskContract } from './task-contract.ts'
import { windowContract } from './window-contract.ts'

// The prebuilt binary of rocksdb 5.2.1 ends the process on Node 22 and later; the probe says whether it can run here.
const result = await probeBinding('rocksdb')
const nodeMajor = Number(process.versions.node.split('.')[0])

if (result.works) {
  const engine = rocksDbEngine('rocksdb')
  keyValueContract(engine)
  windowContract(engine)
  taskContract(engine)
  modelContract(engine)
  kindContract(engine)
  formsContract(engine)
}

describe('rocksdb 5.2.1', () => {
  const outcome = result.works ? 'is run' : `is NOT run: ${result.reason}`
  test(`on Node ${process.version} the contract ${outcome}`, () => {
    // On Node 20 the prebuilt binary works: there the contract must have been run.
    expect(result.works || nodeMajor >= 22).toBe(true)
  })
})
