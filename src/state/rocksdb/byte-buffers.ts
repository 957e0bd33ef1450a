/** Gives buffers to fill. */
export interface ByteBuffers {
  /** A buffer of just this length. */
  take(length: number): Buffer
}

/** New ones each time. */
export const freshBuffers: ByteBuffers = { take: (length) => Buffer.allocUnsafe(length) }

const reusedMax = 1024

/**
 * Two of each length, in turns, since a Buffer is costly to make: for a key and a value that are used before the next
 * two are asked for.
 */
export class ReusedBuffers implements ByteBuffers {
  readonly #buffers: [Buffer, Buffer][] = []
  #turn: 0 | 1 = 0

  take(length: number): Buffer {
    if (length > reusedMax) return Buffer.allocUnsafe(length)
    this.#turn = this.#turn === 0 ? 1 : 0
    const buffers = (this.#buffers[length] ??= [Buffer.alloc(length), Buffer.alloc(length)])
    return buffers[this.#turn]
  }
}
