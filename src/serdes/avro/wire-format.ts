// Confluent's wire format: a zero byte, the schema's id in four bytes, the value.

/** Bytes before the value. */
export const headerBytes = 5

const magicByte = 0

/** Fills the header of a message. */
export function writeHeader(message: Buffer, schemaId: number): void {
  message[0] = magicByte
  message.writeUInt32BE(schemaId, 1)
}

/** The schema id of the message in `buffer` from `start` to `end`; undefined where there is no header. */
export function schemaIdAt(buffer: Buffer, start: number, end: number): number | undefined {
  if (end - start < headerBytes || buffer[start] !== magicByte) return undefined
  return (
    buffer[start + 1]! * 0x100_0000 +
    ((buffer[start + 2]! << 16) | (buffer[start + 3]! << 8) | buffer[start + 4]!)
  )
}

/** What is wrong with a header that has no schema id. */
export function headerFault(buffer: Buffer, start: number, end: number): string {
  if (end - start < headerBytes) {
    return `${end - start} bytes are too few for a header of a zero byte and a schema id of 4 bytes`
  }
  return (
    `it begins with byte ${buffer[start]} instead of 0, so it was not written through a schema registry ` +
    `(JSON begins with 123 or 91)`
  )
}
