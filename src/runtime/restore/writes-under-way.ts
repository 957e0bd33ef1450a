interface Write {
  readonly bytes: number
  readonly written: Promise<void>
}

/** The writes of what was restored that have begun, while more is fetched and taken: a bounded number of bytes. */
export class WritesUnderWay {
  readonly #maxBytes: number
  readonly #writes: Write[] = []
  #bytes = 0

  /** So many bytes of what was fetched may be on their way into the stores, or one chunk that is larger. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Resolves when there is room for so many bytes. Throws what a write that was waited for failed with. */
  async room(bytes: number): Promise<void> {
    while (this.#writes.length > 0 && this.#bytes + bytes > this.#maxBytes) await this.#next()
  }

  add(bytes: number, written: Promise<void>): void {
    // It may fail before it is waited for.
    written.catch(() => undefined)
    this.#writes.push({ bytes, written })
    this.#bytes += bytes
  }

  /** Resolves when none is left, whatever became of them. Throws what the first that failed did so with. */
  async settle(): Promise<void> {
    const failures: unknown[] = []
    while (this.#writes.length > 0) {
      await this.#next().catch((error: unknown) => failures.push(error))
    }
    if (failures.length > 0) throw failures[0]
  }

  async #next(): Promise<void> {
    const { bytes, written } = this.#writes.shift()!
    try {
      await written
    } finally {
      this.#bytes -= bytes
    }
  }
}
