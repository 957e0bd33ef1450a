import type { Overview } from './dashboard/workers.ts'

const number = new Intl.NumberFormat('en-US')
const money = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' })

/** Cents, as a bigint or its decimal text, in dollars. */
export function dollars(cents: bigint | string): string {
  return money.format(Number(cents) / 100)
}

/** The totals and top customers as a terminal shows them. */
export function report({ totals, top }: Overview): string {
  const lines = [
    '',
    `  customers  ${number.format(totals.customers)}`,
    `  purchases  ${number.format(totals.purchases)}`,
    `  units      ${number.format(Number(totals.units))}`,
    `  value      ${dollars(totals.valueCents)}`,
    `  basket     ${dollars(totals.averageBasketCents)}`,
    '',
    '  customer  purchases   units         value  tier',
  ]
  for (const customer of top) {
    const { customerId, purchases, units, valueCents, tier } = customer
    lines.push(
      `  ${customerId.padEnd(8)}  ${String(purchases).padStart(9)}  ${units.padStart(6)}  ` +
        `${dollars(valueCents).padStart(12)}  ${tier.toLowerCase()}`,
    )
  }
  return lines.join('\n')
}

/** Draws a bar that is drawn over by the next; on something that is no terminal, nothing but its end. */
export class ProgressBar {
  readonly #total: number
  readonly #output: NodeJS.WriteStream
  readonly #startedMs = performance.now()

  constructor(total: number, output: NodeJS.WriteStream = process.stdout) {
    this.#total = total
    this.#output = output
  }

  draw(done: number, what: string): void {
    if (!this.#output.isTTY) return
    this.#output.write(`\r${this.#line(done, what)}\u001b[K`)
  }

  end(what: string): void {
    const line = this.#line(this.#total, what)
    this.#output.write(this.#output.isTTY ? `\r${line}\u001b[K\n` : `${line}\n`)
  }

  #line(done: number, what: string): string {
    const share = this.#total === 0 ? 1 : Math.min(1, done / this.#total)
    const width = 30
    const bar = '█'.repeat(Math.round(share * width)).padEnd(width, '░')
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1)
    const count = `${number.format(done)} of ${number.format(this.#total)}`
    return `  ${bar} ${count} ${what}, ${seconds} s`
  }
}
