/**
 * Bytes as they are cheapest to come by: a Buffer, or a string of one character a byte (latin1). Such a string needs no
 * object beside it, and half the memory of a small Buffer.
 */
export type PackedBytes = Buffer | string

/** Up to here a loop over the characters costs less than a regular expression. */
const shortText = 64
const asciiOnly = /^[\0-\x7f]*$/

/** Whether UTF-8 has one byte for each character of a text. */
export function isAscii(text: string): boolean {
  const { length } = text
  if (length > shortText) return asciiOnly.test(text)
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

/** The bytes as a Buffer: the same one, or a new one. */
export function unpacked(bytes: PackedBytes): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
}

/** The bytes as a string of one character a byte. */
export function byteText(bytes: PackedBytes): string {
  return typeof bytes === 'string' ? bytes : bytes.toString('latin1')
}

/** Up to here a loop in JavaScript copies faster than a call into Node does. */
const loopCopyMax = 48

/** Writes bytes into a buffer; returns the position after them. */
export function writePacked(bytes: PackedBytes, target: Buffer, at: number): number {
  const { length } = bytes
  if (typeof bytes === 'string') {
    if (length > loopCopyMax) {
      target.write(bytes, at, length, 'latin1')
      return at + length
    }
    for (let i = 0; i < length; i++) target[at + i] = bytes.charCodeAt(i)
    return at + length
  }
  if (length > loopCopyMax) {
    target.set(bytes, at)
    return at + length
  }
  for (let i = 0; i < length; i++) target[at + i] = bytes[i]!
  return at + length
}
