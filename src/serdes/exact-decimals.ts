/** Up to this many digits are a whole number that a double holds exactly. */
const exactDigits = 15

const tenTo: readonly number[] = Array.from({ length: exactDigits + 1 }, (_, i) => Number(`1e${i}`))

/**
 * The number of `count` digits, given as a whole number, of which `decimals` stand behind the point; undefined where there
 * are too many. Divided by a power of ten that is exact too, the digits give the double nearest to the decimal, which is
 * what JSON.parse gives: a single rounding.
 */
export function exactDecimal(
  digits: number,
  count: number,
  decimals: number,
  isNegative: boolean,
): number | undefined {
  if (count > exactDigits) return undefined
  const value = decimals === 0 ? digits : digits / tenTo[decimals]!
  return isNegative ? -value : value
}
