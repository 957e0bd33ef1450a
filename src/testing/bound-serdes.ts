import type { MaybePromise } from '../core/maybe-promise.ts'
import { bindSerde, type Serde, type SerdeContext, type SerdeEnvironment } from '../serdes/serde.ts'

/** The serdes of a test driver's topics, bound once each, and made ready once for each topic. */
export class BoundSerdes {
  readonly environment: SerdeEnvironment
  readonly #bound = new Map<Serde<unknown>, Serde<unknown>>()
  readonly #prepared = new Map<Serde<unknown>, Set<string>>()

  constructor(environment: SerdeEnvironment) {
    this.environment = environment
  }

  /** The serde as it reads and writes in this driver. */
  of<T>(serde: Serde<T>): Serde<T> {
    let bound = this.#bound.get(serde as Serde<unknown>)
    if (!bound) {
      bound = bindSerde(serde, this.environment) as Serde<unknown>
      this.#bound.set(serde as Serde<unknown>, bound)
    }
    return bound as Serde<T>
  }

  /** Makes writing to a topic possible; undefined where it is already. */
  prepare(serde: Serde<unknown>, context: SerdeContext): MaybePromise<void> {
    const bound = this.of(serde)
    if (!bound.prepare) return undefined
    const place = `${context.part} ${context.topic}`
    let places = this.#prepared.get(serde)
    if (!places) this.#prepared.set(serde, (places = new Set()))
    if (places.has(place)) return undefined
    const ready = places
    return bound.prepare(context).then(() => {
      ready.add(place)
    })
  }

  write(serde: Serde<unknown>, value: unknown, context: SerdeContext): Buffer | null {
    return value === null || value === undefined ? null : this.of(serde).serialize(value, context)
  }

  read(serde: Serde<unknown>, bytes: Buffer | null, context: SerdeContext): unknown {
    return bytes === null ? null : this.of(serde).deserialize(bytes, context)
  }
}
