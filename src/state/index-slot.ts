import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { bindSerde, type Serde, type SerdeContext } from '../serdes/serde.ts'
import { unreadable } from '../serdes/serde-errors.ts'

// A slot is a tag, the index key and the row's key. A zero within the index key becomes 0 255 and its end is 0 1, so that
// slots sort by index key, and none is the beginning of another's.

const builtTag = 0
const slotTag = 1
const zero = 0
const escapedZero = 0xff
const endOfKey = 1

/** A key of an index store: where a row is found by its index key. */
export interface IndexSlot<I, K> {
  readonly indexKey: I
  /** The row's key in its table. */
  readonly key: K
  /** Stands for the first or the last slot of its index key, whatever the row's key. */
  readonly bound?: 'first' | 'last'
}

/** The key under which an index says that it holds all rows; there is no such row. */
export const builtSlot: IndexSlot<never, never> = {
  indexKey: undefined as never,
  key: undefined as never,
}

/** The bytes that all slots of an index key begin with; with another end those above all of them. */
function indexPrefix(indexKey: Buffer, end = endOfKey): Buffer {
  const bytes: number[] = [slotTag]
  for (const byte of indexKey) {
    bytes.push(byte)
    if (byte === zero) bytes.push(escapedZero)
  }
  bytes.push(zero, end)
  return Buffer.from(bytes)
}

/** The serdes of an index's keys, bound and told the topic of the index store's changelog. */
export function indexSlotSerde<I, K>(indexKey: Serde<I>, key: Serde<K>): Serde<IndexSlot<I, K>> {
  const name = `${indexKey.name} to ${key.name}`
  const context = (of: SerdeContext): SerdeContext => ({ ...of, topic: `${of.topic}-index` })
  return {
    name,
    serialize(slot, of) {
      if ((slot as unknown) === builtSlot) return Buffer.of(builtTag)
      const bytes = indexKey.serialize(slot.indexKey, context(of))
      if (slot.bound) return indexPrefix(bytes, slot.bound === 'first' ? endOfKey : endOfKey + 1)
      return Buffer.concat([indexPrefix(bytes), key.serialize(slot.key, of)])
    },
    deserialize(bytes, of) {
      if (bytes[0] === builtTag && bytes.length === 1) return builtSlot
      const parts = split(bytes)
      if (!parts) throw unreadable(name, of, `${bytes.length} bytes are no entry of an index`)
      return {
        indexKey: indexKey.deserialize(parts[0], context(of)),
        key: key.deserialize(parts[1], of),
      }
    },
    ...((indexKey.resolve || key.resolve) && {
      resolve(values: readonly Buffer[], of: SerdeContext): MaybePromise<void> {
        const parts = values.map(split).filter((each) => each !== undefined)
        const indexKeys = indexKey.resolve?.(
          parts.map(([first]) => first),
          context(of),
        )
        const keys = key.resolve?.(
          parts.map(([, second]) => second),
          of,
        )
        if (!isPromise(indexKeys)) return keys
        return isPromise(keys) ? Promise.all([indexKeys, keys]).then(() => {}) : indexKeys
      },
    }),
    ...((indexKey.prepare || key.prepare) && {
      async prepare(of: SerdeContext) {
        await indexKey.prepare?.(context(of))
        await key.prepare?.(of)
      },
    }),
    ...((indexKey.bind || key.bind) && {
      bind: (environment) =>
        indexSlotSerde(bindSerde(indexKey, environment), bindSerde(key, environment)),
    }),
  }
}

function split(bytes: Buffer): readonly [Buffer, Buffer] | undefined {
  if (bytes[0] !== slotTag) return undefined
  const indexKey: number[] = []
  for (let at = 1; at + 1 < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte !== zero) {
      indexKey.push(byte)
      continue
    }
    const next = bytes[++at]
    if (next === endOfKey) return [Buffer.from(indexKey), bytes.subarray(at + 1)]
    if (next !== escapedZero) return undefined
    indexKey.push(zero)
  }
  return undefined
}
