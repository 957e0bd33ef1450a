import { inspect } from 'node:util'
import type { Record } from '../../core/record.ts'
import type { Processor } from '../../topology/processor.ts'

/** Writes a line for each record and ends there. Source: Java's `KStreamPrint` and `PrintForeachAction`. */
export class PrintProcessor<K, V> implements Processor<K, V> {
  private readonly label: string
  private readonly write: (line: string) => void

  constructor(label: string, write: (line: string) => void) {
    this.label = label
    this.write = write
  }

  process({ key, value }: Record<K, V>): void {
    this.write(`[${this.label}]: ${shown(key)}, ${shown(value)}`)
  }
}

/** Text as it is, and anything else on one line. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: null })
}
