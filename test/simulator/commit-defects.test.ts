import { describe } from 'vitest'
import { commitDefects } from './defects/commit-defects.ts'
import { expectFound } from './defects/expect-found.ts'

describe('the simulator finds', () => {
  expectFound(commitDefects)
})
