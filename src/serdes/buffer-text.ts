import { isUtf8 } from 'node:buffer'

/** Node's own decoders behind `toString`; called directly they save its argument checks on every record. */
interface BufferSlices {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
}

/** Up to this many bytes, a look for bytes above 127 costs less than what latin1 saves over UTF-8. */
const shortBytes = 48

/** The text of `buffer` from `start` to `end`; undefined where the bytes are not valid UTF-8. */
export function utf8Text(buffer: Buffer, start: number, end: number): string | undefined {
  const slices = buffer as unknown as BufferSlices
  if (end - start <= shortBytes) {
    let i = start
    while (i < end && buffer[i]! < 0x80) i++
    if (i === end) return slices.latin1Slice(start, end)
  }
  const text = slices.utf8Slice(start, end)
  // Node puts U+FFFD where bytes are invalid, so only a text that holds one needs the bytes to be checked.
  if (text.includes('\ufffd') && !isUtf8(buffer.subarray(start, end))) return undefined
  return text
}

/** The text of bytes that are all below 128. */
export function latin1Text(buffer: Buffer, start: number, end: number): string {
  return (buffer as unknown as BufferSlices).latin1Slice(start, end)
}

/** Whether a string can be written as UTF-8 without loss, which a lone surrogate cannot. */
export function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed()
}
