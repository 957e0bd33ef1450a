import { string } from 'millrace/serdes'
import { keyValueStore, type KeyValueStore } from 'millrace/state'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import type { StoreSpec } from '../../src/state/store-spec.ts'
import type { StoreView } from '../../src/runtime/worker-status.ts'
import type { PortChannel } from '../../src/threads/port-channel.ts'
import type { StorePlace, ThreadCalls } from '../../src/threads/protocol.ts'
import { RemoteStoreView, type StoreThread } from '../../src/threads/remote-store.ts'
import { StoreCodec } from '../../src/threads/store-codec.ts'
import { StoreServer } from '../../src/threads/store-server.ts'

type Texts = KeyValueStore<string, string>

/** A store of 1,200 entries in "another thread", and whether the scan of it has been ended there. */
function remoteTexts(failing: string): { readonly store: Texts; isEnded(): boolean } {
  let ended = false
  async function* range(): AsyncGenerator<object> {
    try {
      for (let i = 0; i < 1_200; i++) yield { key: `k${i}`, value: `v${i}` }
    } finally {
      ended = true
    }
  }
  const value = {
    ...string(),
    serialize(text: string): Buffer {
      if (text === failing) throw new RangeError(`${text} cannot be written`)
      return Buffer.from(text)
    },
  }
  const spec = keyValueStore({ name: 'texts', key: string(), value })
  const codec = new StoreCodec(spec as unknown as StoreSpec, 'texts', {})
  const place: StorePlace = {
    storeName: 'texts',
    taskId: { subTopology: 0, partition: 0 },
    partition: 0,
    partitions: 1,
    asOfMs: 0,
    lagRecords: 0,
  }
  const store = { name: 'texts', kind: 'key-value', range }
  const views = [{ ...place, store }] as unknown as StoreView[]
  const server = new StoreServer(
    { storeViews: () => views },
    new Map([['texts', codec]]),
    systemClock,
  )
  const calls = server as unknown as globalThis.Record<string, (given: unknown) => unknown>
  const channel = {
    call: (name: string, given: unknown) => calls[name]!(given),
    tell: (name: string, given: unknown) => void calls[name]!(given),
  } as unknown as PortChannel<ThreadCalls>
  const thread: StoreThread = { channel, ask: (ask) => ask(channel) }
  const view = new RemoteStoreView(place, 'key-value', codec, thread)
  return { store: view.store as unknown as Texts, isEnded: () => ended }
}

describe('a scan of a store in another thread', () => {
  it('reads all, page by page', async () => {
    const { store, isEnded } = remoteTexts('')
    const keys: string[] = []
    for await (const { key } of store.range()) keys.push(key)
    expect(keys).toEqual(Array.from({ length: 1_200 }, (_, i) => `k${i}`))
    expect(isEnded()).toBe(true)
  })

  it('is not left open there by a page that fails', async () => {
    const { store, isEnded } = remoteTexts('v700')
    const scan = store.range()
    expect(await scan.nextBatch()).toHaveLength(500)
    await expect(scan.nextBatch()).rejects.toThrow('v700 cannot be written')
    expect(isEnded()).toBe(true)
  })

  it('is not left open there when it is closed while a page is on its way', async () => {
    const { store, isEnded } = remoteTexts('')
    const scan = store.range()
    const first = scan.nextBatch()
    await scan.close()
    await first
    await new Promise((resolve) => setImmediate(resolve))
    expect(isEnded()).toBe(true)
  })
})
