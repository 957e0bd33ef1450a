// Zigzag varints as Kafka's records use them: seven bits a byte, least significant first; the sign is bit 0.

/** Bytes that a signed 32-bit value takes. */
export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x200000) return 3
  return zigzag < 0x10000000 ? 4 : 5
}

/** Writes a signed 32-bit value; returns the position after it. */
export function writeVarint(buffer: Uint8Array, position: number, value: number): number {
  let zigzag = (value << 1) ^ (value >> 31)
  while (zigzag & ~0x7f) {
    buffer[position++] = (zigzag & 0x7f) | 0x80
    zigzag >>>= 7
  }
  buffer[position++] = zigzag
  return position
}

/** Whether the fast 32-bit functions may be used for a value that may also be larger. */
function fitsVarint(value: number): boolean {
  return value >= -0x40000000 && value < 0x40000000
}

/** Bytes that an integer within ±2⁵² takes. */
export function varlongSize(value: number): number {
  if (fitsVarint(value)) return varintSize(value)
  let zigzag = value < 0 ? -value * 2 - 1 : value * 2
  let size = 1
  while (zigzag >= 0x80) {
    zigzag = Math.floor(zigzag / 0x80)
    size++
  }
  return size
}

/** Writes an integer within ±2⁵²; returns the position after it. */
export function writeVarlong(buffer: Uint8Array, position: number, value: number): number {
  if (fitsVarint(value)) return writeVarint(buffer, position, value)
  let zigzag = value < 0 ? -value * 2 - 1 : value * 2
  while (zigzag >= 0x80) {
    buffer[position++] = (zigzag % 0x80) | 0x80
    zigzag = Math.floor(zigzag / 0x80)
  }
  buffer[position++] = zigzag
  return position
}
