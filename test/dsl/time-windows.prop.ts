import { TimeWindows } from 'millrace'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

describe('TimeWindows', () => {
  it('a time is in every window that starts from the first start on, and in none before', () => {
    const times = fc.integer({ min: 0, max: 2 ** 45 })
    const sizes = fc.integer({ min: 1, max: 100_000 })
    fc.assert(
      fc.property(times, sizes, sizes, (timestampMs, a, b) => {
        const sizeMs = Math.max(a, b)
        const advanceMs = Math.min(a, b)
        const first = TimeWindows.of({ sizeMs, advanceMs, graceMs: 0 }).firstStartMs(timestampMs)
        expect(first % advanceMs).toBe(0)
        expect(first).toBeGreaterThanOrEqual(0)
        const before = first - advanceMs
        expect(before < 0 || before + sizeMs <= timestampMs).toBe(true)
        if (first <= timestampMs) expect(first + sizeMs).toBeGreaterThan(timestampMs)
      }),
    )
  })

  it.each([
    [{ sizeMs: 0, graceMs: 0 }, /sizeMs must be/],
    [{ sizeMs: 1.5, graceMs: 0 }, /sizeMs must be/],
    [{ sizeMs: 1, graceMs: -1 }, /graceMs must be/],
    [{ sizeMs: 10, graceMs: 0, advanceMs: 0 }, /advanceMs must be/],
    [{ sizeMs: 10, graceMs: 0, advanceMs: 11 }, /advanceMs \(11\) is more than sizeMs/],
  ])('of %j are refused', (options, message) => {
    expect(() => TimeWindows.of(options)).toThrow(message)
  })
})
