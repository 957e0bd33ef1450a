import * as zlib from 'node:zlib'
import { inflatedBytesMax, type Codec } from './codec.ts'

/** Node has it since 22.15; on Node 20 a WebAssembly build of the same library stands in. */
interface NodeZstd {
  zstdCompressSync?(bytes: Buffer): Buffer
  zstdDecompressSync?(bytes: Buffer, options: { maxOutputLength: number }): Buffer
}

interface WasmZstd {
  compress(bytes: Uint8Array): Uint8Array
  decompress(bytes: Uint8Array): Uint8Array
}

const { zstdCompressSync, zstdDecompressSync } = zlib as NodeZstd
let wasm: WasmZstd | undefined
let loading: Promise<void> | undefined

/** Loads what stands in for Node's own, where that is missing; once. Never rejects. */
export function prepareZstd(): Promise<void> {
  loading ??= zstdDecompressSync === undefined ? loadWasm() : Promise.resolve()
  return loading
}

/** Undefined where neither Node nor an installed package has it, or the package is not loaded yet. */
export function zstd(): Codec | undefined {
  if (zstdCompressSync !== undefined && zstdDecompressSync !== undefined) {
    return {
      deflate: (bytes) => zstdCompressSync(bytes),
      inflate: (bytes) => zstdDecompressSync(bytes, { maxOutputLength: inflatedBytesMax }),
    }
  }
  const library = wasm
  if (library === undefined) return undefined
  return {
    deflate: (bytes) => bufferOf(library.compress(bytes)),
    inflate: (bytes) => bufferOf(library.decompress(bytes)),
  }
}

async function loadWasm(): Promise<void> {
  try {
    const { Zstd } = await import('@hpcc-js/wasm-zstd')
    wasm = await Zstd.load()
  } catch {
    // It is an optional dependency; a batch that needs it is refused by name.
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
