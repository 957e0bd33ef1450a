import type { RangeOptions, StateStore, StoreIterator, StoreKind } from '../state/store.ts'
import type { StoreView } from '../runtime/worker-status.ts'
import type { ScanPage, StorePlace, StoreRead, ThreadCalls } from './protocol.ts'
import type { PortChannel } from './port-channel.ts'
import type { PortableEntry, StoreCodec } from './store-codec.ts'
import { storeMethods, type StoreMethod } from './store-methods.ts'

/** The thread that has a store. */
export interface StoreThread {
  readonly channel: PortChannel<ThreadCalls>
  ask<Answer>(ask: (channel: PortChannel<ThreadCalls>) => Promise<Answer>): Promise<Answer>
}

/** A partition of a store in another thread, as it can be read here. How fresh it is is as of the last answer. */
export class RemoteStoreView implements StoreView {
  readonly storeName: string
  readonly taskId: StoreView['taskId']
  readonly partition: number | undefined
  readonly partitions: number
  readonly store: StateStore
  asOfMs: number
  lagRecords: number | undefined

  constructor(place: StorePlace, kind: StoreKind, codec: StoreCodec, thread: StoreThread) {
    this.storeName = place.storeName
    this.taskId = place.taskId
    this.partition = place.partition
    this.partitions = place.partitions
    this.asOfMs = place.asOfMs
    this.lagRecords = place.lagRecords
    this.store = remoteStore(this, kind, codec, thread)
  }
}

/** A store of which every read is a call to the thread that has it. */
function remoteStore(
  view: RemoteStoreView,
  kind: StoreKind,
  codec: StoreCodec,
  thread: StoreThread,
): StateStore {
  const { storeName, partition } = view
  const methods = Object.entries(storeMethods[kind]).map(([name, method]) => {
    const request = async (args: readonly unknown[]): Promise<StoreRead> => {
      await codec.prepare()
      return { storeName, partition, method: name, args: encoded(args, method, codec) }
    }
    const run =
      method.result === 'entries'
        ? (...args: unknown[]) => new RemoteScan(thread, codec, () => request(args))
        : async (...args: unknown[]) => {
            const read = await request(args)
            const answer = await thread.ask((channel) => channel.call('read', read))
            view.asOfMs = answer.asOfMs
            view.lagRecords = answer.lagRecords
            return await decoded(answer.result, method, codec)
          }
    return [name, run] as const
  })
  return { name: storeName, kind, ...Object.fromEntries(methods) }
}

function encoded(
  args: readonly unknown[],
  method: StoreMethod,
  codec: StoreCodec,
): readonly unknown[] {
  return args.map((arg, index) => {
    const kind = method.args[index]
    if (arg === undefined) return undefined
    if (kind === 'key') return codec.keyBytes(arg)
    if (kind === 'keys') return codec.encodeRange(arg as RangeOptions<unknown>)
    return arg instanceof Uint8Array ? Uint8Array.from(arg) : arg
  })
}

async function decoded(
  result: PortableEntry | number | undefined,
  method: StoreMethod,
  codec: StoreCodec,
): Promise<unknown> {
  if (result === undefined || typeof result === 'number') return result
  const [entry] = await codec.decode([result])
  return method.result === 'value' ? entry!.value : entry
}

/** Walks a scan in another thread, page by page. */
class RemoteScan implements StoreIterator<object> {
  readonly #thread: StoreThread
  readonly #codec: StoreCodec
  readonly #begin: () => Promise<StoreRead>
  #isBegun = false
  #isClosed = false
  #rest: number | undefined

  constructor(thread: StoreThread, codec: StoreCodec, begin: () => Promise<StoreRead>) {
    this.#thread = thread
    this.#codec = codec
    this.#begin = begin
  }

  async nextBatch(): Promise<readonly object[]> {
    const page = await this.#page()
    this.#rest = page?.rest
    // It was closed while the page was on its way, whose rest nobody will ask for.
    if (this.#isClosed) this.close()
    return page === undefined ? [] : await this.#codec.decode(page.entries)
  }

  close(): void {
    if (this.#rest !== undefined) this.#thread.channel.tell('endScan', this.#rest)
    this.#isBegun = true
    this.#isClosed = true
    this.#rest = undefined
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close()
    return Promise.resolve()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<object> {
    try {
      for (;;) {
        const batch = await this.nextBatch()
        if (batch.length === 0) return
        yield* batch
      }
    } finally {
      this.close()
    }
  }

  async #page(): Promise<ScanPage | undefined> {
    if (!this.#isBegun) {
      this.#isBegun = true
      const read = await this.#begin()
      return await this.#thread.ask((channel) => channel.call('scan', read))
    }
    const rest = this.#rest
    if (rest === undefined) return undefined
    return await this.#thread.ask((channel) => channel.call('nextPage', rest))
  }
}
