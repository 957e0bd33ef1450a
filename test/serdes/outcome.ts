import { deepStrictEqual } from 'node:assert/strict'
import { isStreamsError, messageOf } from '../../src/core/errors.ts'

/** All that a caller can tell of a call: what it gave, or each part of the error. */
export function outcomeOf(run: () => unknown): unknown {
  try {
    const value = run()
    const isObject = typeof value === 'object' && value !== null && !Buffer.isBuffer(value)
    return {
      value,
      // Also whether fields are writable, and their order, which deep equality does not look at.
      fields: isObject ? Object.entries(Object.getOwnPropertyDescriptors(value)) : undefined,
    }
  } catch (error) {
    return {
      type: (error as Error).constructor,
      message: messageOf(error),
      field: isStreamsError(error) ? error.field : undefined,
      cause: messageOf((error as Error).cause),
    }
  }
}

/** Vitest's own equality takes a field named `constructor` for the class. */
export function expectAlike(actual: unknown, expected: unknown): void {
  deepStrictEqual(actual, expected)
}
