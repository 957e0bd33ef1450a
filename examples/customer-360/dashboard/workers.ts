import { averageBasketCents, daysBetween, type Tier } from '../customer.ts'

/** A row of the Customer 360 view as the dashboard shows it; `long` fields are decimal strings in JSON. */
export interface CustomerRow {
  readonly customerId: string
  readonly firstPurchaseAt: number
  readonly lastPurchaseAt: number
  readonly purchases: number
  readonly units: string
  readonly valueCents: string
  readonly tier: Tier
}

/** The totals over all customers. */
export interface TotalsRow {
  readonly customers: number
  readonly purchases: number
  readonly units: string
  readonly valueCents: string
}

interface Answer<T> {
  readonly entries: readonly { readonly value: T }[]
  readonly asOf: string | null
  readonly lagRecords: number | null
}

/** What the page's first request shows. */
export interface Overview {
  readonly totals: TotalsRow & { readonly averageBasketCents: string }
  readonly top: readonly CustomerRow[]
  readonly asOf: string | null
  readonly lagRecords: number | null
}

const topCount = 10

/** Reads the views of all workers over HTTP and puts their partitions together. */
export class Workers {
  readonly #urls: () => readonly string[]

  /** `urls` gives the base address of each worker that is up. */
  constructor(urls: () => readonly string[]) {
    this.#urls = urls
  }

  async overview(): Promise<Overview> {
    const [totals, tops, summaries] = await Promise.all([
      this.#ask<TotalsRow>('views/shop-totals?limit=1'),
      this.#ask<{ customers: CustomerRow[] }>('views/top-customers'),
      this.#ask<CustomerRow>('views/customer-summary?limit=1'),
    ])
    const none: TotalsRow = { customers: 0, purchases: 0, units: '0', valueCents: '0' }
    const sum = totals.flatMap((answer) => answer.entries)[0]?.value ?? none
    const rows = tops.flatMap((answer) => answer.entries.flatMap((entry) => entry.value.customers))
    const lags = summaries.map((answer) => answer.lagRecords)
    return {
      totals: {
        ...sum,
        averageBasketCents: averageBasketCents(BigInt(sum.valueCents), sum.purchases).toString(),
      },
      top: rows
        .sort((a, b) => Number(BigInt(b.valueCents) - BigInt(a.valueCents)))
        .slice(0, topCount),
      asOf: summaries.reduce<string | null>((latest, { asOf }) => later(latest, asOf), null),
      lagRecords: lags.includes(null) ? null : lags.reduce<number>((all, lag) => all + lag!, 0),
    }
  }

  /** One customer's row with what follows from it; undefined where no worker has it. */
  async customer(customerId: string): Promise<object | undefined> {
    for (const url of this.#urls()) {
      const response = await fetch(
        new URL(`views/customer-summary/${encodeURIComponent(customerId)}`, `${url}/`),
      )
      if (response.status !== 200) continue
      const { value, asOf } = (await response.json()) as { value: CustomerRow; asOf: string }
      return {
        ...value,
        averageBasketCents: averageBasketCents(
          BigInt(value.valueCents),
          value.purchases,
        ).toString(),
        recencyDays: daysBetween(value.lastPurchaseAt, Date.parse(asOf)),
        asOf,
      }
    }
    return undefined
  }

  /** The answers of the workers that have a part of the view. */
  async #ask<T>(path: string): Promise<Answer<T>[]> {
    const answers = await Promise.all(
      this.#urls().map(async (url) => {
        const response = await fetch(new URL(path, `${url}/`)).catch(() => undefined)
        return response?.ok ? [(await response.json()) as Answer<T>] : []
      }),
    )
    return answers.flat()
  }
}

function later(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b
  return a > b ? a : b
}
