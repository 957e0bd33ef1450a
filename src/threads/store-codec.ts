import type { Headers } from '../core/headers.ts'
import { bindSerde, type Serde, type SerdeContext, type SerdeEnvironment } from '../serdes/serde.ts'
import type { RangeOptions } from '../state/store.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import { decoratedTopicName, type TopologyPlan } from '../topology/topology-plan.ts'

/** An entry of a store as data: key and value as the store's serdes write them, so that they are read as what they were. */
export interface PortableEntry {
  readonly key: Uint8Array | undefined
  readonly value: Uint8Array | undefined
  /** Everything else of the entry: times and headers. */
  readonly rest: object
}

interface Entry {
  readonly key?: unknown
  readonly value?: unknown
}

/** Makes data of a store's keys and entries, and keys and entries of data. */
export class StoreCodec {
  readonly #key: Serde<unknown>
  readonly #value: Serde<unknown>
  readonly #keyContext: SerdeContext
  readonly #valueContext: SerdeContext
  #prepared: Promise<void> | undefined

  constructor(spec: StoreSpec, topic: string, environment: SerdeEnvironment) {
    this.#key = bindSerde(spec.key as unknown as Serde<unknown>, environment)
    this.#value = bindSerde(spec.value as unknown as Serde<unknown>, environment)
    this.#keyContext = { topic, part: 'key' }
    this.#valueContext = { topic, part: 'value' }
  }

  /** Makes writing possible; to be awaited before {@link keyBytes}, {@link encode} and {@link encodeRange}. */
  prepare(): Promise<void> {
    this.#prepared ??= this.#prepare().catch((error: unknown) => {
      this.#prepared = undefined
      throw error
    })
    return this.#prepared
  }

  keyBytes(key: unknown): Uint8Array {
    return copied(this.#key.serialize(key, this.#keyContext))
  }

  async key(bytes: Uint8Array): Promise<unknown> {
    const buffer = bufferOf(bytes)
    await this.#key.resolve?.([buffer], this.#keyContext)
    return this.#key.deserialize(buffer, this.#keyContext)
  }

  /** The bounds of a range with bytes in the place of keys. */
  encodeRange({ from, to, ...rest }: RangeOptions<unknown> = {}): object {
    return {
      ...rest,
      ...(from === undefined ? {} : { from: this.keyBytes(from) }),
      ...(to === undefined ? {} : { to: this.keyBytes(to) }),
    }
  }

  async range({ from, to, ...rest }: RangeOptions<Uint8Array>): Promise<RangeOptions<unknown>> {
    return {
      ...rest,
      ...(from === undefined ? {} : { from: await this.key(from) }),
      ...(to === undefined ? {} : { to: await this.key(to) }),
    }
  }

  encode(entry: Entry): PortableEntry {
    const { key, value, ...rest } = entry
    return {
      key: 'key' in entry ? this.keyBytes(key) : undefined,
      value:
        'value' in entry ? copied(this.#value.serialize(value, this.#valueContext)) : undefined,
      rest,
    }
  }

  /** Entries again, in the same order. Rejects with `SchemaRegistryError` where their schemas cannot be had. */
  async decode(entries: readonly PortableEntry[]): Promise<Entry[]> {
    const keys = entries.map(({ key }) => key && bufferOf(key))
    const values = entries.map(({ value }) => value && bufferOf(value))
    await this.#key.resolve?.(keys.filter(isThere), this.#keyContext)
    await this.#value.resolve?.(values.filter(isThere), this.#valueContext)
    return entries.map(({ rest }, index) => {
      const key = keys[index]
      const value = values[index]
      return {
        ...(key && { key: this.#key.deserialize(key, this.#keyContext) }),
        ...(value && { value: this.#value.deserialize(value, this.#valueContext) }),
        ...withHeaders(rest),
      }
    })
  }

  async #prepare(): Promise<void> {
    await this.#key.prepare?.(this.#keyContext)
    await this.#value.prepare?.(this.#valueContext)
  }
}

/** The codecs of all stores of a topology, by store name. */
export function storeCodecs(
  plan: TopologyPlan,
  applicationId: string,
  environment: SerdeEnvironment,
): ReadonlyMap<string, StoreCodec> {
  const codecs = new Map<string, StoreCodec>()
  for (const { stores, changelogs } of plan.subTopologies) {
    for (const spec of stores) {
      const name = changelogs.get(spec.storeName) ?? `${spec.storeName}-changelog`
      const topic = decoratedTopicName(plan, applicationId, name)
      codecs.set(spec.storeName, new StoreCodec(spec, topic, environment))
    }
  }
  for (const { store, source } of plan.globalStores) {
    codecs.set(store.storeName, new StoreCodec(store, source.topics[0]!, environment))
  }
  return codecs
}

/** Bytes of their own: cloning a slice would copy all of the memory that it is a slice of. */
function copied(bytes: Buffer): Uint8Array {
  return Uint8Array.from(bytes)
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function isThere(bytes: Buffer | undefined): bytes is Buffer {
  return bytes !== undefined
}

/** The values of headers are bytes, which arrive as arrays without a Buffer's methods. */
function withHeaders(rest: { readonly headers?: Headers }): object {
  if (!rest.headers) return rest
  const headers = rest.headers.map(({ key, value }) => ({ key, value: value && bufferOf(value) }))
  return { ...rest, headers }
}
