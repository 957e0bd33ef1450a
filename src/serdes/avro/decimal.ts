/**
 * Decimals as text: `-12.50`. Exact at any size, equal to the text in a user interface, and impossible to add up by
 * accident as if they were floating-point numbers.
 */

const decimalText = /^(-?)(\d+)(?:\.(\d+))?$/

/** The number without its point; undefined where the text is none or has digits beyond the scale. */
export function unscaled(text: string, precision: number, scale: number): bigint | undefined {
  const match = decimalText.exec(text)
  if (!match) return undefined
  const fraction = match[3] ?? ''
  const beyond = fraction.slice(scale)
  if (/[1-9]/.test(beyond)) return undefined
  const digits = match[2]! + fraction.slice(0, scale).padEnd(scale, '0')
  if (digits.replace(/^0+/, '').length > precision) return undefined
  return BigInt(match[1]! + digits)
}

/** The text of a number without its point, with as many digits after the point as the scale has. */
export function scaledText(value: bigint, scale: number): string {
  const negative = value < 0n
  const digits = (negative ? -value : value).toString().padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  const sign = negative ? '-' : ''
  return scale === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-scale)}`
}

/** Two's complement, big-endian: in as few bytes as hold it, or in exactly `size`. */
export function twosComplement(value: bigint, size?: number): Buffer {
  let length = size ?? 1
  if (size === undefined) while (BigInt.asIntN(8 * length, value) !== value) length++
  const hex = BigInt.asUintN(8 * length, value)
    .toString(16)
    .padStart(2 * length, '0')
  return Buffer.from(hex, 'hex')
}

export function fromTwosComplement(bytes: Buffer): bigint {
  if (bytes.length === 0) return 0n
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`))
}
