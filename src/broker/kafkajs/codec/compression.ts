import { createRequire } from 'node:module'
import { gunzipSync, gzipSync } from 'node:zlib'
import { ConfigError } from '../../../core/errors.ts'
import type { Compression } from '../../port.ts'
import { inflatedBytesMax, type Codec } from './codec.ts'
import { fromSnappyBlocks, toSnappyBlocks, type SnappyLibrary } from './snappy-blocks.ts'
import { prepareZstd, zstd } from './zstd.ts'

/** In the order of their numbers in the batch attributes. */
const names: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

const gzip: Codec = {
  deflate: (bytes) => gzipSync(bytes),
  inflate: (bytes) => gunzipSync(bytes, { maxOutputLength: inflatedBytesMax }),
}

/** What is used of `lz4-napi`: the frame format, which is Kafka's since message format 2. */
interface Lz4Library {
  compressFrameSync(bytes: Buffer): Buffer
  decompressFrameSync(bytes: Buffer): Buffer
}

const libraryOf = createRequire(import.meta.url)
const loaded = new Map<number, Codec | undefined>([[1, gzip]])

/** The name of the codec of the batch attributes, for messages also where there is none of that number. */
export function compressionName(id: number): string {
  return names[id] ?? `unknown codec ${id}`
}

/** Has at hand what cannot be loaded at the moment it is needed. Cheap after the first call. */
export function prepareCodecs(): Promise<void> {
  return prepareZstd()
}

/** Whether batches of this codec can be read here: its library is installed and works on this machine. */
export function canInflate(id: number): boolean {
  return codecOf(id) !== undefined
}

/** Inflates the records of a batch. Throws what the codec throws where the bytes are damaged. */
export function inflate(id: number, compressed: Buffer): Buffer {
  const codec = codecOf(id)
  if (codec === undefined) throw new Error(`no codec for ${compressionName(id)}`)
  return codec.inflate(compressed)
}

/** Compresses the records of a batch. */
export function deflate(
  name: Exclude<Compression, 'none'>,
  records: Buffer,
): { id: number; bytes: Buffer } {
  const id = names.indexOf(name)
  return { id, bytes: codecOf(id)!.deflate(records) }
}

/** Throws `ConfigError` where what is sent cannot be compressed so on this machine. */
export function checkCompression(name: Compression): void {
  if (name === 'none' || canInflate(names.indexOf(name))) return
  throw new ConfigError(
    `compression: ${name} cannot be used here, since its package is not installed or has no build for this ` +
      'machine; install the optional dependencies of millrace, or choose gzip or none',
    { field: 'compression' },
  )
}

function codecOf(id: number): Codec | undefined {
  if (!loaded.has(id)) {
    const codec = load(id)
    // What is being loaded may be there next time.
    if (codec === undefined && names[id] === 'zstd') return undefined
    loaded.set(id, codec)
  }
  return loaded.get(id)
}

/** Undefined where the library is not installed, or has no build for this machine. */
function load(id: number): Codec | undefined {
  try {
    if (names[id] === 'snappy') return snappy(libraryOf('snappy') as SnappyLibrary)
    if (names[id] === 'lz4') return lz4(libraryOf('lz4-napi') as Lz4Library)
    if (names[id] === 'zstd') return zstd()
    return undefined
  } catch {
    return undefined
  }
}

function snappy(library: SnappyLibrary): Codec {
  return {
    deflate: (bytes) => toSnappyBlocks(bytes, library),
    inflate: (bytes) => fromSnappyBlocks(bytes, library),
  }
}

function lz4(library: Lz4Library): Codec {
  return {
    deflate: (bytes) => library.compressFrameSync(bytes),
    inflate: (bytes) => library.decompressFrameSync(bytes),
  }
}
