import { DeserializationError, messageOf, ViewNotFoundError } from '../core/errors.ts'
import type { Serde } from '../serdes/serde.ts'
import type { QueryableStore, QueryHost } from './query-host.ts'
import { StoreReader } from './store-reader.ts'

/** The views of a topology, by name. */
export class ViewCatalogue {
  readonly #host: QueryHost
  readonly #stores: ReadonlyMap<string, QueryableStore>

  constructor(host: QueryHost, stores: ReadonlyMap<string, QueryableStore>) {
    this.#host = host
    this.#stores = stores
  }

  /** All stores of the topology, whether or not they have partitions here. */
  stores(): QueryableStore[] {
    return [...this.#stores.values()]
  }

  /** Throws `ViewNotFoundError` listing the names there are. */
  reader(name: string): StoreReader {
    const store = this.#stores.get(name)
    if (store) return new StoreReader(this.#host, store)
    const names = [...this.#stores.keys()].sort().join(', ') || 'none'
    throw new ViewNotFoundError(`there is no view ${name}; the topology's stores are: ${names}`)
  }
}

/** A key from the text of a URL or a command line. Throws `DeserializationError` where it is no such key. */
export function keyFromText(serde: Serde<unknown>, text: string): unknown {
  if (serde.fromText) return serde.fromText(text)
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    const reason = messageOf(cause)
    throw new DeserializationError(`${text} is no ${serde.name} key in JSON: ${reason}`, { cause })
  }
}
