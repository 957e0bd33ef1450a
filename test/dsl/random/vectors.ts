import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { digestOf } from './run.ts'
import type { CaseResult, CaseSpec } from './spec.ts'

/** A random case and what Kafka Streams gives for it, its description as a digest. */
export interface RandomVector {
  readonly spec: CaseSpec
  readonly java: Exclude<CaseResult, { readonly refused: string }>
}

const folder = fileURLToPath(new URL('../../golden/random/', import.meta.url))
const casesPerFile = 50

/** The committed cases: one a line, fifty a file. */
export function readVectors(): RandomVector[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .flatMap((file) => readFileSync(`${folder}${file}`, 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as RandomVector)
}

export function writeVectors(vectors: readonly RandomVector[]): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (let from = 0; from < vectors.length; from += casesPerFile) {
    const lines = vectors.slice(from, from + casesPerFile).map((vector) => JSON.stringify(vector))
    const number = String(from / casesPerFile).padStart(2, '0')
    writeFileSync(`${folder}cases-${number}.jsonl`, `${lines.join('\n')}\n`)
  }
}

/** The same result with a digest for the description, which would be most of a file. */
export function compact(result: RandomVector['java']): RandomVector['java'] {
  return { ...result, describe: digestOf(result.describe) }
}
