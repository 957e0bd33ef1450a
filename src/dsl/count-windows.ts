import { TopologyError } from '../core/errors.ts'

/**
 * Windows of a fixed number of records of one key that lie side by side (tumbling), or overlap where `advance` is less
 * than the size (hopping). The first begins with the key's first record.
 */
export class CountWindows {
  /** How many records a window has. */
  readonly size: number
  /** How many records after one window's first the next one begins. */
  readonly advance: number

  private constructor(size: number, advance: number) {
    this.size = size
    this.advance = advance
  }

  /**
   * Declares windows.
   *
   * @throws TopologyError unless size and advance are whole numbers with 1 ≤ advance ≤ size; default of advance: size.
   */
  static of(options: { readonly size: number; readonly advance?: number }): CountWindows {
    const { size, advance = options.size } = options
    for (const [name, value] of Object.entries({ size, advance })) {
      if (Number.isSafeInteger(value) && value >= 1) continue
      throw new TopologyError(
        `CountWindows: ${name} must be a whole number of records, at least 1; got ${value}.`,
      )
    }
    if (advance > size) {
      throw new TopologyError(
        `CountWindows: advance (${advance}) is more than size (${size}), so that some records would ` +
          'belong to no window. Make it at most the size.',
      )
    }
    return new CountWindows(size, advance)
  }

  /** The first record of the oldest window that record number `n` of a key belongs to. */
  oldestAt(n: number): number {
    const earliest = Math.max(0, n - this.size + 1)
    return Math.ceil(earliest / this.advance) * this.advance
  }
}
