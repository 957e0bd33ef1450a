/** Makes the records of a batch smaller, and whole again. */
export interface Codec {
  deflate(records: Buffer): Buffer
  /** Throws where the bytes are damaged. */
  inflate(compressed: Buffer): Buffer
}

/** A batch that claims to grow beyond this when it is inflated is refused instead of filling the memory. */
export const inflatedBytesMax: number = 512 << 20
