/**
 * Up to this many digits are a whole number that a double holds exactly. Divided by a power of ten that is exact too,
 * it gives the double nearest to the decimal, which is what JSON.parse gives: a single rounding.
 */
export const exactDigits = 15

/** The powers of ten from 0 to {@link exactDigits}. */
export const tenTo: readonly number[] = Array.from({ length: exactDigits + 1 }, (_, i) =>
  Number(`1e${i}`),
)
