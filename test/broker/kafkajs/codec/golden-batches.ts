import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A record as Kafka's Java classes read it. */
export interface GoldenRecord {
  readonly offset: number
  readonly timestampMs: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
  readonly producerId: number
  readonly epoch: number
  readonly sequence: number
  readonly transactional: boolean
  readonly control: boolean
}

/** Bytes that Kafka's Java classes wrote, and what they read in them. See ../java/README.md. */
export function golden(name: string): { bytes: Buffer; records: GoldenRecord[] } {
  const path = (suffix: string): string =>
    fileURLToPath(new URL(`./golden/${name}.${suffix}`, import.meta.url))
  return {
    bytes: readFileSync(path('bin')),
    records: JSON.parse(readFileSync(path('json.golden'), 'utf8')) as GoldenRecord[],
  }
}

/** The bytes behind a hexadecimal text. */
export function fromHex(text: string): Buffer
export function fromHex(text: string | null): Buffer | null
export function fromHex(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'hex')
}
