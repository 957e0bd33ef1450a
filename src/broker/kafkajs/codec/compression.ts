import { gunzipSync, gzipSync } from 'node:zlib'

/** How the records of a batch are compressed; the numbers are those of the batch attributes. */
export type CompressionName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

const names: readonly CompressionName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** A batch that claims to grow beyond this when it is inflated is refused instead of filling the memory. */
const inflatedBytesMax = 512 << 20

/** The name of the codec of the batch attributes, for messages also where there is none of that number. */
export function compressionName(id: number): string {
  return names[id] ?? `unknown codec ${id}`
}

/** Whether batches of this codec can be read here. */
export function canInflate(id: number): boolean {
  return id === 1
}

/** Inflates the records of a batch. Throws what the codec throws where the bytes are damaged. */
export function inflate(id: number, compressed: Buffer): Buffer {
  if (id !== 1) throw new Error(`no codec for ${compressionName(id)}`)
  return gunzipSync(compressed, { maxOutputLength: inflatedBytesMax })
}

/** Compresses the records of a batch. */
export function deflate(name: 'gzip', records: Buffer): { id: number; bytes: Buffer } {
  return { id: names.indexOf(name), bytes: gzipSync(records) }
}
