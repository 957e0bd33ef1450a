import type { PackedBytes } from '../core/byte-text.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { SchemaRegistry } from './schema-registry.ts'

/** Where bytes come from or go to. */
export interface SerdeContext {
  /** The topic; for a state store its changelog topic's name. */
  readonly topic: string
  readonly part: 'key' | 'value'
}

/** What a serde may use at run time; the same declaration can be bound to several. */
export interface SerdeEnvironment {
  readonly schemaRegistry?: SchemaRegistry
  /**
   * Whether serdes register schemas that their subject does not have; otherwise such a schema is an error at start.
   *
   * @default true
   */
  readonly autoRegisterSchemas?: boolean
}

/**
 * Turns values into bytes and back.
 *
 * Both directions are synchronous. Work that has to wait is done beforehand: {@link Serde.prepare} once before the
 * first write, {@link Serde.resolve} once a batch before it is read. Null keys and tombstones never reach a serde.
 */
export interface Serde<T> {
  /** For error messages and describe: `string`, `avro PurchaseRecorded`. */
  readonly name: string
  /** Throws `SerializationError` naming the field at fault. */
  serialize(value: T, context: SerdeContext): Buffer
  /** Throws `DeserializationError` saying what is wrong with the bytes. The buffer must not be kept. */
  deserialize(bytes: Buffer, context: SerdeContext): T
  /**
   * Reads the value that lies in `buffer` from `start` to `end`, without a slice being made; a fast path that the
   * runtime prefers where it is present. Must agree with {@link deserialize}.
   */
  deserializeAt?(buffer: Buffer, start: number, end: number, context: SerdeContext): T
  /**
   * The bytes that {@link serialize} gives; where all of them are below 128 they may be given as a string of one
   * character a byte, which saves making a Buffer. A fast path that the runtime prefers where it is present.
   */
  serializeText?(value: T, context: SerdeContext): PackedBytes
  /** Reads a value from bytes that are all below 128, given as a string. Must agree with {@link deserialize}. */
  deserializeText?(text: string, context: SerdeContext): T
  /**
   * Makes everything that these values need available (unknown schema ids); returns undefined where nothing is
   * missing. It must stay available: values may be read after it was called with others. Must not reject for a value
   * that is merely bad: {@link deserialize} throws for that one. It rejects when the registry cannot be reached.
   */
  resolve?(values: readonly Buffer[], context: SerdeContext): MaybePromise<void>
  /** Makes writing possible: registers or looks up the schema. */
  prepare?(context: SerdeContext): Promise<void>
  /**
   * Reads a value from text a person wrote, as in the path of a query; a serde without it is asked for JSON.
   * Throws `DeserializationError` where the text is no such value.
   */
  fromText?(text: string): T
  /**
   * For a key: the part of its serialized form that chooses the partition, where that is not all of it. Windowed keys
   * are partitioned by the key within, so that all windows of a key are together.
   */
  partitioningBytes?(bytes: Buffer): Buffer
  /** This serde with the services of an environment; a serde without `bind` needs none. */
  bind?(environment: SerdeEnvironment): Serde<T>
}

/** The type of value that a serde reads and writes. */
export type SerdeValue<S> = S extends Serde<infer T> ? T : never

/** Binds a serde where it can be bound. */
export function bindSerde<T>(serde: Serde<T>, environment: SerdeEnvironment): Serde<T> {
  return serde.bind ? serde.bind(environment) : serde
}
