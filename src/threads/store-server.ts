import type { Clock } from '../core/clock.ts'
import { KeyElsewhereError, QueryError, ViewNotFoundError } from '../core/errors.ts'
import type { StoreView } from '../runtime/worker-status.ts'
import type { StateStore, StoreIterator } from '../state/store.ts'
import type { ReadAnswer, ScanPage, StorePlace, StoreRead } from './protocol.ts'
import type { PortableEntry, StoreCodec } from './store-codec.ts'
import { storeMethods, type StoreMethod } from './store-methods.ts'

const pageEntries = 500
const pageBytes = 256 * 1024
const idleScanMs = 60_000

/** What a thread reads from. */
export interface StoreHost {
  storeViews(storeName: string): StoreView[]
}

interface Scan {
  readonly codec: StoreCodec
  readonly entries: AsyncIterator<object>
  lastUsedMs: number
}

type Call = (...args: unknown[]) => unknown

/** Answers other threads' reads of the stores that this thread has. Scans go in pages of bounded size. */
export class StoreServer {
  readonly #host: StoreHost
  readonly #codecs: ReadonlyMap<string, StoreCodec>
  readonly #clock: Clock
  readonly #scans = new Map<number, Scan>()
  #nextScan = 0

  constructor(host: StoreHost, codecs: ReadonlyMap<string, StoreCodec>, clock: Clock) {
    this.#host = host
    this.#codecs = codecs
    this.#clock = clock
  }

  /** The partitions of a store that are here. */
  places(storeName: string): StorePlace[] {
    return this.#host.storeViews(storeName).map(placeOf)
  }

  /** The partitions of all stores that are here. */
  allPlaces(): StorePlace[] {
    return [...this.#codecs.keys()].flatMap((storeName) => this.places(storeName))
  }

  /** Throws what the read throws, and `KeyElsewhereError` where the partition is not here. */
  async read(read: StoreRead): Promise<ReadAnswer> {
    const view = this.#view(read)
    const { codec, method, result } = await this.#call(view.store, read)
    const found: unknown = await result
    const { asOfMs, lagRecords } = view
    return { result: portable(found, method, codec), asOfMs, lagRecords }
  }

  async scan(read: StoreRead): Promise<ScanPage> {
    const { codec, result } = await this.#call(this.#view(read).store, read)
    const entries = (result as StoreIterator<object>)[Symbol.asyncIterator]()
    return await this.#page(this.#nextScan++, { codec, entries, lastUsedMs: 0 })
  }

  /** The next page of a scan. Throws `QueryError` where nothing was asked of it for a minute. */
  async nextPage(id: number): Promise<ScanPage> {
    const scan = this.#scans.get(id)
    if (!scan) {
      throw new QueryError(
        'The scan was left alone for too long, or its thread was replaced; begin again',
      )
    }
    this.#scans.delete(id)
    return await this.#page(id, scan)
  }

  async endScan(id: number): Promise<void> {
    const scan = this.#scans.get(id)
    this.#scans.delete(id)
    await scan?.entries.return?.()
  }

  async close(): Promise<void> {
    for (const id of [...this.#scans.keys()]) await this.endScan(id)
  }

  #view({ storeName, partition }: StoreRead): StoreView {
    const view = this.#host.storeViews(storeName).find((each) => each.partition === partition)
    if (view) return view
    throw new KeyElsewhereError(
      `partition ${partition} of view ${storeName} is no longer in this thread; ask again`,
    )
  }

  async #call(
    store: StateStore,
    { storeName, method: name, args }: StoreRead,
  ): Promise<{ codec: StoreCodec; method: StoreMethod; result: unknown }> {
    const codec = this.#codecs.get(storeName)
    const method = storeMethods[store.kind][name]
    if (!codec || !method) {
      throw new ViewNotFoundError(`there is no ${name} of view ${storeName} in this thread`)
    }
    await codec.prepare()
    const given = await Promise.all(
      args.map((arg, index) => {
        const kind = method.args[index]
        if (arg === undefined) return undefined
        if (kind === 'key') return codec.key(arg as Uint8Array)
        if (kind === 'keys') return codec.range(arg as object)
        return arg instanceof Uint8Array ? Buffer.from(arg) : arg
      }),
    )
    const run = (store as unknown as globalThis.Record<string, Call>)[name]!.bind(store)
    return { codec, method, result: run(...given) }
  }

  /** A page of a scan, which ends where that fails: nobody could ask for the rest of it. */
  async #page(id: number, scan: Scan): Promise<ScanPage> {
    await this.#endIdleScans()
    try {
      return await this.#nextEntries(id, scan)
    } catch (error) {
      await scan.entries.return?.()
      throw error
    }
  }

  /** Takes entries until the page is full; keeps the scan where there may be more. */
  async #nextEntries(id: number, scan: Scan): Promise<ScanPage> {
    const entries: PortableEntry[] = []
    let bytes = 0
    while (entries.length < pageEntries && bytes < pageBytes) {
      const { done, value } = await scan.entries.next()
      if (done === true) return { entries, rest: undefined }
      const entry = scan.codec.encode(value)
      entries.push(entry)
      bytes += (entry.key?.length ?? 0) + (entry.value?.length ?? 0)
    }
    scan.lastUsedMs = this.#clock.monotonicMs()
    this.#scans.set(id, scan)
    return { entries, rest: id }
  }

  async #endIdleScans(): Promise<void> {
    const oldest = this.#clock.monotonicMs() - idleScanMs
    for (const [id, { lastUsedMs }] of this.#scans) {
      if (lastUsedMs < oldest) await this.endScan(id)
    }
  }
}

function placeOf(view: StoreView): StorePlace {
  const { storeName, taskId, partition, partitions, asOfMs, lagRecords } = view
  return { storeName, taskId, partition, partitions, asOfMs, lagRecords }
}

function portable(
  found: unknown,
  { result }: StoreMethod,
  codec: StoreCodec,
): PortableEntry | number | undefined {
  if (found === undefined || (typeof found === 'number' && result === 'number')) return found
  return codec.encode(result === 'value' ? { value: found } : (found as object))
}
