import type { SimulationResult } from 'millrace/testing'

/** What happened over many seeds. */
export class Tally {
  seeds = 0
  failed = 0
  records = 0
  events = 0
  readonly crashes = new Map<string, number>()
  readonly faults = new Map<string, number>()

  add({ facts, difference }: SimulationResult): void {
    this.seeds++
    if (difference) this.failed++
    this.records += facts.inputRecords
    this.events += facts.events
    for (const [name, count] of facts.crashes) addTo(this.crashes, name, count)
    for (const [name, count] of facts.faults) addTo(this.faults, name, count)
  }

  toString(): string {
    const { seeds, failed, records, events } = this
    return [
      `${seeds} seeds, ${failed} failed; ${records} records, ${events} events`,
      `${sum(this.crashes)} crashes: ${listed(this.crashes)}`,
      `${sum(this.faults)} other faults: ${listed(this.faults)}`,
    ].join('\n')
  }
}

function addTo(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count)
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0)
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}
