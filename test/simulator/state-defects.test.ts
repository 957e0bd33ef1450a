import { describe } from 'vitest'
import { expectFound } from './defects/expect-found.ts'
import { stateDefects } from './defects/state-defects.ts'

describe('the simulator finds', () => {
  expectFound(stateDefects)
})
