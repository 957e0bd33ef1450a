import { compareKeys } from '../../../src/state/key-bytes.ts'

/** A key-value store with layers, as simply as it can be written. */
export class Model {
  committed = new Map<string, number>()
  sealed: Map<string, number | null> | undefined
  open = new Map<string, number | null>()

  get(key: string): number | undefined {
    return this.#visible().get(key)
  }

  put(key: string, value: number | null): void {
    this.open.set(key, value)
  }

  seal(): void {
    this.sealed = this.open
    this.open = new Map()
  }

  apply(): void {
    overlay(this.committed, this.sealed)
    this.sealed = undefined
  }

  discard(): void {
    this.sealed = undefined
    this.open = new Map()
  }

  range(from: string | undefined, to: string | undefined, reverse: boolean): [string, number][] {
    return select(this.#visible(), from, to, reverse)
  }

  committedRange(): [string, number][] {
    return select(this.committed, undefined, undefined, false)
  }

  #visible(): Map<string, number> {
    const visible = new Map(this.committed)
    overlay(visible, this.sealed)
    overlay(visible, this.open)
    return visible
  }
}

function overlay(
  below: Map<string, number>,
  above: ReadonlyMap<string, number | null> | undefined,
): void {
  for (const [key, value] of above ?? []) {
    if (value === null) below.delete(key)
    else below.set(key, value)
  }
}

function select(
  map: ReadonlyMap<string, number>,
  from: string | undefined,
  to: string | undefined,
  reverse: boolean,
): [string, number][] {
  const entries = [...map]
    .filter(([key]) => (from === undefined || key >= from) && (to === undefined || key <= to))
    .sort(([a], [b]) => compareKeys(a, b))
  return reverse ? entries.reverse() : entries
}
